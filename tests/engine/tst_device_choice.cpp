#include "core/engine/device_choice.h"
#include "core/engine/hardware.h"

#include <QTest>

using namespace alcove;
using namespace alcove::engine;

namespace {

constexpr std::uint64_t kGiB = 1ull << 30;

DeviceOption vulkan(DeviceKind kind, std::uint32_t index, const std::string &name,
                    std::uint64_t memory = 8 * kGiB, const std::string &problem = {})
{
    DeviceOption option;
    option.kind = kind;
    option.vulkanIndex = index;
    option.name = name;
    option.memoryBytes = memory;
    option.problem = problem;
    return option;
}

DeviceList machine(std::vector<DeviceOption> vulkanDevices, const std::string &vulkanProblem = {})
{
    DeviceList list;
    list.devices = std::move(vulkanDevices);
    DeviceOption cpu;
    cpu.name = "Test processor";
    list.devices.push_back(cpu);
    list.vulkanProblem = vulkanProblem;
    return list;
}

bool contains(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

} // namespace

class TestDeviceChoice : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void readsEverySpelling()
    {
        QCOMPARE(DeviceRequest::parse("auto")->kind, DeviceRequest::Kind::Auto);
        QCOMPARE(DeviceRequest::parse("")->kind, DeviceRequest::Kind::Auto);
        QCOMPARE(DeviceRequest::parse("cpu")->kind, DeviceRequest::Kind::Processor);
        const auto any = DeviceRequest::parse("vulkan");
        QCOMPARE(any->kind, DeviceRequest::Kind::Vulkan);
        QVERIFY(!any->vulkanIndex);
        const auto third = DeviceRequest::parse("vulkan:3");
        QCOMPARE(third->kind, DeviceRequest::Kind::Vulkan);
        QCOMPARE(third->vulkanIndex.value_or(0), 3u);
    }

    void refusesOtherSpellings_data()
    {
        QTest::addColumn<QString>("text");
        for (const char *text : {"gpu", "vulkan:", "vulkan:x", "vulkan:1x", "vulkan:-1", "vulkan1",
                                 "vulkan:99999999999", "CPU", " auto"})
            QTest::newRow(text) << QString::fromLatin1(text);
    }
    void refusesOtherSpellings()
    {
        QFETCH(QString, text);
        const auto request = DeviceRequest::parse(text.toStdString());
        QVERIFY(!request);
        QCOMPARE(request.error().code, ErrorCode::InvalidArgument);
        QVERIFY(contains(request.error().message, "vulkan:N"));
    }

    void autoPrefersDiscreteThenIntegratedThenVirtual()
    {
        const auto discrete = vulkan(DeviceKind::Discrete, 2, "Card");
        const auto integrated = vulkan(DeviceKind::Integrated, 1, "Chip", 32 * kGiB);
        const auto lent = vulkan(DeviceKind::Virtual, 0, "Lent", 64 * kGiB);
        QCOMPARE(chosen(machine({lent, integrated, discrete})), std::string("vulkan:2"));
        QCOMPARE(chosen(machine({lent, integrated})), std::string("vulkan:1"));
        QCOMPARE(chosen(machine({lent})), std::string("vulkan:0"));
        QCOMPARE(chosen(machine({})), std::string("cpu"));
    }

    void autoTakesTheOneWithMostMemory()
    {
        const auto list = machine({vulkan(DeviceKind::Discrete, 0, "Small", 4 * kGiB),
                                   vulkan(DeviceKind::Discrete, 1, "Large", 24 * kGiB),
                                   vulkan(DeviceKind::Discrete, 2, "Middle", 12 * kGiB)});
        const auto selection = chooseDevice(list, {});
        QVERIFY(selection);
        QCOMPARE(selection->device.id(), std::string("vulkan:1"));
        QVERIFY(contains(selection->reason, "most memory"));
    }

    void autoPassesOverWhatCannotBeUsed()
    {
        const auto broken =
            vulkan(DeviceKind::Discrete, 0, "Old card", 8 * kGiB, "It knows only Vulkan 1.0.");
        const auto chip = vulkan(DeviceKind::Integrated, 1, "Chip");
        QCOMPARE(chosen(machine({broken, chip})), std::string("vulkan:1"));
        const auto selection = chooseDevice(machine({broken}), {});
        QVERIFY(selection);
        QCOMPARE(selection->device.id(), std::string("cpu"));
        QVERIFY(contains(selection->reason, "Old card"));
        QVERIFY(contains(selection->reason, "It knows only Vulkan 1.0."));
    }

    void softwareRenderersAreTakenOnlyWhenAsked()
    {
        const auto list = machine({vulkan(DeviceKind::Software, 0, "llvmpipe")});
        const auto automatic = chooseDevice(list, {});
        QVERIFY(automatic);
        QCOMPARE(automatic->device.id(), std::string("cpu"));
        QVERIFY(contains(automatic->reason, "llvmpipe"));
        QCOMPARE(chosen(list, "vulkan"), std::string("vulkan:0"));
        QCOMPARE(chosen(list, "vulkan:0"), std::string("vulkan:0"));

        const auto both = machine({vulkan(DeviceKind::Software, 0, "llvmpipe", 64 * kGiB),
                                   vulkan(DeviceKind::Integrated, 1, "Chip", kGiB)});
        QCOMPARE(chosen(both, "vulkan"), std::string("vulkan:1"));
    }

    void aMachineWithoutVulkanUsesTheProcessor()
    {
        const auto list = machine({}, "No Vulkan loader is installed.");
        const auto selection = chooseDevice(list, {});
        QVERIFY(selection);
        QCOMPARE(selection->device.id(), std::string("cpu"));
        QVERIFY(contains(selection->reason, "No Vulkan loader is installed."));
        QVERIFY(contains(selection->reason, "processor"));
    }

    void explicitChoiceThatDoesNotExistListsWhatThereIs()
    {
        const auto list = machine({vulkan(DeviceKind::Discrete, 0, "Card")});
        const auto selection = chooseDevice(list, *DeviceRequest::parse("vulkan:1"));
        QVERIFY(!selection);
        QCOMPARE(selection.error().code, ErrorCode::DeviceUnavailable);
        QVERIFY(contains(selection.error().message, "vulkan:0 (Card)"));
        QVERIFY(contains(selection.error().message, "cpu (Test processor)"));

        const auto none = chooseDevice(machine({}), *DeviceRequest::parse("vulkan"));
        QVERIFY(!none);
        QCOMPARE(none.error().code, ErrorCode::DeviceUnavailable);
    }

    void explicitChoiceOfABrokenDeviceSaysWhy()
    {
        const auto list = machine(
            {vulkan(DeviceKind::Discrete, 0, "Old card", kGiB, "It knows only Vulkan 1.0.")});
        const auto selection = chooseDevice(list, *DeviceRequest::parse("vulkan:0"));
        QVERIFY(!selection);
        QVERIFY(contains(selection.error().message, "It knows only Vulkan 1.0."));
    }

    void thisMachineHasAProcessor()
    {
        const Hardware hardware = Hardware::ofThisMachine();
        QVERIFY(!hardware.list.devices.empty());
        const DeviceOption &last = hardware.list.devices.back();
        QCOMPARE(last.kind, DeviceKind::Processor);
        QVERIFY(!last.name.empty());
        QVERIFY(last.memoryBytes > kGiB / 4);
        QVERIFY(last.availableBytes <= last.memoryBytes);
        QVERIFY(chooseDevice(hardware.list, {}));
    }

private:
    static std::string chosen(const DeviceList &list, const char *request = "auto")
    {
        const auto selection = chooseDevice(list, *DeviceRequest::parse(request));
        return selection ? selection->device.id() : selection.error().message;
    }
};

QTEST_APPLESS_MAIN(TestDeviceChoice)
#include "tst_device_choice.moc"
