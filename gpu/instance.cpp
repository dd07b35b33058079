#include "gpu/instance.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

#ifdef ALCOVE_KEEP_DRIVERS
#include <dlfcn.h>
#include <link.h>
#endif

namespace alcove::gpu {

namespace {

std::atomic<std::uint64_t> validationCount{0};
std::atomic<bool> validationOn{false};

VKAPI_ATTR VkBool32 VKAPI_CALL onValidationMessage(VkDebugUtilsMessageSeverityFlagBitsEXT,
                                                   VkDebugUtilsMessageTypeFlagsEXT,
                                                   const VkDebugUtilsMessengerCallbackDataEXT *data,
                                                   void *)
{
    ++validationCount;
    std::fprintf(stderr, "Vulkan validation: %s\n", data->pMessage);
    return VK_FALSE;
}

#ifdef ALCOVE_KEEP_DRIVERS
// Holds every driver that is loaded now until the process ends.
void keepDrivers()
{
    const auto keep = [](dl_phdr_info *module, std::size_t, void *) {
        if (std::strstr(module->dlpi_name, "libvulkan_"))
            (void)dlopen(module->dlpi_name, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
        return 0;
    };
    dl_iterate_phdr(keep, nullptr);
}
#endif

bool hasLayer(const char *name)
{
    std::uint32_t count = 0;
    if (vkEnumerateInstanceLayerProperties(&count, nullptr) != VK_SUCCESS)
        return false;
    std::vector<VkLayerProperties> layers(count);
    if (vkEnumerateInstanceLayerProperties(&count, layers.data()) < 0)
        return false;
    for (const VkLayerProperties &layer : layers) {
        if (std::strcmp(layer.layerName, name) == 0)
            return true;
    }
    return false;
}

bool hasInstanceExtension(const char *name)
{
    std::uint32_t count = 0;
    if (vkEnumerateInstanceExtensionProperties(nullptr, &count, nullptr) != VK_SUCCESS)
        return false;
    std::vector<VkExtensionProperties> extensions(count);
    if (vkEnumerateInstanceExtensionProperties(nullptr, &count, extensions.data()) < 0)
        return false;
    for (const VkExtensionProperties &extension : extensions) {
        if (std::strcmp(extension.extensionName, name) == 0)
            return true;
    }
    return false;
}

bool validationWanted()
{
    const char *value = std::getenv("ALCOVE_VULKAN_VALIDATION");
    return value && std::strcmp(value, "1") == 0;
}

VkResult loadLoader()
{
    // volk keeps the entry points in process-wide variables, so it is set up once.
    static std::once_flag once;
    static VkResult result = VK_ERROR_INITIALIZATION_FAILED;
    std::call_once(once, [] { result = volkInitialize(); });
    return result;
}

std::mutex &entryPoints()
{
    static std::mutex mutex;
    return mutex;
}

} // namespace

std::uint64_t validationMessages()
{
    return validationCount;
}

bool validationActive()
{
    return validationOn;
}

Result<std::shared_ptr<const Instance>> Instance::create()
{
    if (loadLoader() != VK_SUCCESS)
        return fail(ErrorCode::DeviceUnavailable,
                    "Vulkan is not installed on this computer, so no graphics device can be used.");
    if (volkGetInstanceVersion() < VK_API_VERSION_1_2)
        return fail(ErrorCode::DeviceUnavailable,
                    "The Vulkan installation of this computer is older than version 1.2, so no "
                    "graphics device can be used.");

    auto application = vkStruct<VkApplicationInfo>(VK_STRUCTURE_TYPE_APPLICATION_INFO);
    application.pApplicationName = "Alcove";
    application.pEngineName = "Alcove";
    application.apiVersion = VK_API_VERSION_1_2;

    static const char *const kValidation = "VK_LAYER_KHRONOS_validation";
    std::vector<const char *> layers;
    std::vector<const char *> extensions;
    const bool validate = validationWanted() && hasLayer(kValidation);
    validationOn = validate;
    if (validate) {
        layers.push_back(kValidation);
        extensions.push_back(VK_EXT_DEBUG_UTILS_EXTENSION_NAME);
    }
    auto info = vkStruct<VkInstanceCreateInfo>(VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO);
    // Devices that implement Vulkan over another interface (MoltenVK) are only listed when asked
    // for.
    if (hasInstanceExtension(VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME)) {
        extensions.push_back(VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME);
        info.flags |= VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR;
    }
    info.pApplicationInfo = &application;
    info.enabledLayerCount = static_cast<std::uint32_t>(layers.size());
    info.ppEnabledLayerNames = layers.data();
    info.enabledExtensionCount = static_cast<std::uint32_t>(extensions.size());
    info.ppEnabledExtensionNames = extensions.data();

    std::shared_ptr<Instance> instance(new Instance);
    const std::lock_guard lock(entryPoints());
    const VkResult result = vkCreateInstance(&info, nullptr, &instance->m_instance);
    if (result == VK_ERROR_INCOMPATIBLE_DRIVER)
        return fail(ErrorCode::DeviceUnavailable,
                    "No Vulkan driver was found, so no graphics device can be used.",
                    "vkCreateInstance: VK_ERROR_INCOMPATIBLE_DRIVER");
    if (result != VK_SUCCESS)
        return fail(vulkanError(result, "vkCreateInstance"));
    volkLoadInstanceOnly(instance->m_instance);
#ifdef ALCOVE_KEEP_DRIVERS
    keepDrivers();
#endif

    if (validate) {
        auto messenger = vkStruct<VkDebugUtilsMessengerCreateInfoEXT>(
            VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT);
        messenger.messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT
            | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT;
        messenger.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT
            | VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT;
        messenger.pfnUserCallback = onValidationMessage;
        vkCreateDebugUtilsMessengerEXT(instance->m_instance, &messenger, nullptr,
                                       &instance->m_messenger);
    }
    return instance;
}

Instance::~Instance()
{
    if (m_messenger)
        vkDestroyDebugUtilsMessengerEXT(m_instance, m_messenger, nullptr);
    if (m_instance)
        vkDestroyInstance(m_instance, nullptr);
}

Result<std::vector<VkPhysicalDevice>> Instance::physicalDevices() const
{
    std::uint32_t count = 0;
    VkResult result = vkEnumeratePhysicalDevices(m_instance, &count, nullptr);
    if (result != VK_SUCCESS)
        return fail(vulkanError(result, "vkEnumeratePhysicalDevices"));
    std::vector<VkPhysicalDevice> devices(count);
    result = vkEnumeratePhysicalDevices(m_instance, &count, devices.data());
    if (result < 0)
        return fail(vulkanError(result, "vkEnumeratePhysicalDevices"));
    devices.resize(count);
    return devices;
}

std::string resultName(VkResult result)
{
    switch (result) {
    case VK_SUCCESS:
        return "VK_SUCCESS";
    case VK_TIMEOUT:
        return "VK_TIMEOUT";
    case VK_ERROR_OUT_OF_HOST_MEMORY:
        return "VK_ERROR_OUT_OF_HOST_MEMORY";
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
        return "VK_ERROR_OUT_OF_DEVICE_MEMORY";
    case VK_ERROR_INITIALIZATION_FAILED:
        return "VK_ERROR_INITIALIZATION_FAILED";
    case VK_ERROR_DEVICE_LOST:
        return "VK_ERROR_DEVICE_LOST";
    case VK_ERROR_EXTENSION_NOT_PRESENT:
        return "VK_ERROR_EXTENSION_NOT_PRESENT";
    case VK_ERROR_FEATURE_NOT_PRESENT:
        return "VK_ERROR_FEATURE_NOT_PRESENT";
    case VK_ERROR_INCOMPATIBLE_DRIVER:
        return "VK_ERROR_INCOMPATIBLE_DRIVER";
    case VK_ERROR_TOO_MANY_OBJECTS:
        return "VK_ERROR_TOO_MANY_OBJECTS";
    default:
        return "VkResult " + std::to_string(static_cast<int>(result));
    }
}

Error vulkanError(VkResult result, const char *what)
{
    const std::string detail = std::string(what) + ": " + resultName(result);
    switch (result) {
    case VK_ERROR_DEVICE_LOST:
        return {ErrorCode::DeviceLost,
                "The graphics device stopped responding; load the model again to go on.", detail};
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
        return {ErrorCode::OutOfDeviceMemory,
                "The graphics device has run out of memory; close other programs that use it, or "
                "choose a smaller model or a shorter context.",
                detail};
    case VK_ERROR_OUT_OF_HOST_MEMORY:
        return {ErrorCode::OutOfMemory,
                "The computer has run out of memory; close other programs and try again.", detail};
    default:
        return {ErrorCode::DeviceUnavailable,
                "The graphics driver refused a request; update it, or run on the processor.",
                detail};
    }
}

} // namespace alcove::gpu
