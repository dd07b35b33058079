#include "gpu/device_info.h"
#include "gpu/instance.h"

#include <QTest>

using namespace alcove;
using namespace alcove::gpu;

namespace {

DeviceInfo device(const char *name, DeviceKind kind, std::uint64_t memory,
                  const char *unusable = "")
{
    DeviceInfo info;
    info.name = name;
    info.kind = kind;
    info.memoryBytes = memory;
    info.unusable = unusable;
    return info;
}

} // namespace

class TestVulkanDevices : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { qputenv("ALCOVE_VULKAN_VALIDATION", "1"); }

    void listsWhatTheMachineHas()
    {
        auto devices = listDevices();
        if (!devices || devices->empty())
            QSKIP("There is no Vulkan device on this machine.");
        for (std::size_t i = 0; i < devices->size(); ++i) {
            const DeviceInfo &info = (*devices)[i];
            QCOMPARE(info.index, std::uint32_t(i));
            QVERIFY(!info.name.empty());
            QVERIFY(!info.vendor.empty());
            QVERIFY(!info.driverVersion.empty());
            QVERIFY(!info.apiVersion.empty());
            if (!info.usable()) {
                QVERIFY(info.unusable.back() == '.');
                continue;
            }
            QVERIFY(info.memoryBytes > 0);
            QVERIFY(info.budgetBytes > 0);
            QVERIFY(info.budgetBytes <= info.memoryBytes);
            QVERIFY(info.subgroupSize >= 8);
        }
        QCOMPARE(validationMessages(), std::uint64_t(0));
    }

    void prefersDiscreteThenIntegratedAndNeverSoftware()
    {
        std::vector<DeviceInfo> devices{
            device("software", DeviceKind::Cpu, 64),
            device("small card", DeviceKind::Discrete, 4),
            device("big card", DeviceKind::Discrete, 8),
            device("broken card", DeviceKind::Discrete, 24, "Its driver is too old."),
            device("built in", DeviceKind::Integrated, 32),
        };
        QCOMPARE(preferredDevice(devices)->name, std::string("big card"));
        devices.erase(devices.begin() + 1, devices.begin() + 3);
        QCOMPARE(preferredDevice(devices)->name, std::string("built in"));
        devices.pop_back();
        QCOMPARE(preferredDevice(devices), nullptr);
        QCOMPARE(preferredDevice({}), nullptr);
    }

    void errorsAreSentences()
    {
        QCOMPARE(vulkanError(VK_ERROR_DEVICE_LOST, "x").code, ErrorCode::DeviceLost);
        QCOMPARE(vulkanError(VK_ERROR_OUT_OF_DEVICE_MEMORY, "x").code,
                 ErrorCode::OutOfDeviceMemory);
        QCOMPARE(vulkanError(VK_ERROR_OUT_OF_HOST_MEMORY, "x").code, ErrorCode::OutOfMemory);
        const Error other = vulkanError(VK_ERROR_INITIALIZATION_FAILED, "vkCreateDevice");
        QCOMPARE(other.code, ErrorCode::DeviceUnavailable);
        QVERIFY(other.message.back() == '.');
        QCOMPARE(other.detail, std::string("vkCreateDevice: VK_ERROR_INITIALIZATION_FAILED"));
    }
};

QTEST_APPLESS_MAIN(TestVulkanDevices)
#include "tst_vulkan_devices.moc"
