# What every target of the project shares: language level, warnings, sanitizers, output folders.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(ALCOVE_CCACHE ccache)
if(ALCOVE_CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER "${ALCOVE_CCACHE}")
    set(CMAKE_CXX_COMPILER_LAUNCHER "${ALCOVE_CCACHE}")
endif()

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(tl-expected REQUIRED)
find_package(nlohmann_json REQUIRED)

if(ALCOVE_APP)
    find_package(Qt6 6.4 REQUIRED COMPONENTS Core Gui Qml Quick QuickControls2 Svg)
    if(ALCOVE_TESTS)
        find_package(Qt6 6.4 REQUIRED COMPONENTS Test QuickTest)
    endif()
endif()

add_library(alcove_options INTERFACE)
target_include_directories(alcove_options INTERFACE "${CMAKE_SOURCE_DIR}")
target_link_libraries(alcove_options INTERFACE tl::expected)
if(MSVC)
    target_compile_options(alcove_options INTERFACE /W4 /permissive- /utf-8 $<$<BOOL:${ALCOVE_WERROR}>:/WX>)
    target_compile_definitions(alcove_options INTERFACE NOMINMAX WIN32_LEAN_AND_MEAN _USE_MATH_DEFINES)
else()
    target_compile_options(alcove_options INTERFACE -Wall -Wextra -Wshadow -Wpedantic
        $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual>
        # GCC 12 sees overlaps in std::string that are not there (GCC bug 105329).
        $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
        $<$<BOOL:${ALCOVE_WERROR}>:-Werror>)
endif()
if(ALCOVE_SANITIZE)
    target_compile_options(alcove_options INTERFACE -fsanitize=${ALCOVE_SANITIZE}
        -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(alcove_options INTERFACE -fsanitize=${ALCOVE_SANITIZE})
endif()
if(ALCOVE_FUZZERS)
    target_compile_options(alcove_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(ALCOVE_COVERAGE)
    target_compile_options(alcove_options INTERFACE --coverage -O0)
    target_link_options(alcove_options INTERFACE --coverage)
endif()
if(ALCOVE_STATIC AND NOT MSVC)
    target_link_options(alcove_options INTERFACE -static-libgcc -static-libstdc++)
endif()

# alcove_library(NAME SOURCES a.cpp a.h ... [PUBLIC targets...] [PRIVATE targets...] [QT])
# One static library a folder; every include is written from the repository's root.
function(alcove_library name)
    cmake_parse_arguments(arg "QT" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
    add_library(${name} STATIC ${arg_SOURCES})
    target_link_libraries(${name} PUBLIC alcove_options ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
    if(arg_QT)
        set_target_properties(${name} PROPERTIES AUTOMOC ON)
        target_link_libraries(${name} PUBLIC Qt6::Core)
        target_compile_definitions(${name} PUBLIC QT_NO_CAST_FROM_BYTEARRAY
            QT_DISABLE_DEPRECATED_BEFORE=0x060400)
        target_precompile_headers(${name} PRIVATE <QObject> <QString> <QVector> <QVariant> <QDateTime>)
    endif()
endfunction()

# alcove_test(tst_name SOURCES tst_name.cpp [LIBS targets...] [TIMEOUT seconds] [LABELS ...])
# A Qt Test program, run offscreen from the repository's root.
function(alcove_test name)
    cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 300)
    endif()
    set(environment "QT_QPA_PLATFORM=offscreen;QT_LOGGING_RULES=qt.qpa.*=false;ALCOVE_VULKAN_VALIDATION=1")
    if(ALCOVE_SANITIZE OR ALCOVE_COVERAGE) # they take their time
        math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 5")
        list(APPEND environment "QTEST_FUNCTION_TIMEOUT=3000000")
    endif()
    add_executable(${name} ${arg_SOURCES})
    set_target_properties(${name} PROPERTIES AUTOMOC ON
        RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
    target_link_libraries(${name} PRIVATE alcove_options Qt6::Test ${arg_LIBS})
    target_compile_definitions(${name} PRIVATE
        ALCOVE_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
        ALCOVE_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}"
        ALCOVE_SHARED_FIXTURES="${CMAKE_SOURCE_DIR}/../shared/fixtures")
    add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
    # Whatever uses Vulkan does it under the validation layer, and may not make it say anything.
    set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}"
        ENVIRONMENT "${environment}"
        FAIL_REGULAR_EXPRESSION "Vulkan validation:")
endfunction()
