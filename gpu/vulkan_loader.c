/* The one compilation of volk, which finds the Vulkan loader at run time. */
#include <volk.c>
