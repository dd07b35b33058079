# alcove_qml_module(NAME URI Alcove.Feature QML a.qml... [SINGLETONS b.qml...] [SOURCES c.cpp c.h...]
#                   [LIBS targets...])
# One static QML module a folder: its QML, and the view models beside it. Links of NAME reach the
# C++ side; programs that show the QML link NAMEplugin and import it with Q_IMPORT_QML_PLUGIN.
add_library(alcove_generated_qml INTERFACE)
if(NOT MSVC)
    # What qmlcachegen writes shadows its own names; our own sources are still checked.
    target_compile_options(alcove_generated_qml INTERFACE -Wno-shadow)
endif()

function(alcove_qml_module name)
    cmake_parse_arguments(arg "" "URI" "QML;SINGLETONS;SOURCES;LIBS" ${ARGN})
    string(REPLACE "." "/" path "${arg_URI}")
    if(arg_SINGLETONS)
        set_source_files_properties(${arg_SINGLETONS} PROPERTIES QT_QML_SINGLETON_TYPE TRUE)
    endif()
    set(CMAKE_AUTOMOC ON)
    qt_add_qml_module(${name}
        URI ${arg_URI}
        VERSION 1.0
        STATIC
        RESOURCE_PREFIX /qt/qml
        OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/qml/${path}"
        IMPORT_PATH "${CMAKE_BINARY_DIR}/qml"
        DEPENDENCIES QtQuick
        QML_FILES ${arg_SINGLETONS} ${arg_QML}
        SOURCES ${arg_SOURCES})
    # The generated type registration includes the headers by their bare names.
    target_include_directories(${name} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
    if(NOT MSVC)
        set_source_files_properties(${arg_SOURCES} PROPERTIES COMPILE_OPTIONS -Wshadow)
    endif()
    target_compile_definitions(${name} PRIVATE QT_NO_CAST_FROM_BYTEARRAY)
    target_link_libraries(${name} PUBLIC alcove_options Qt6::Quick ${arg_LIBS}
        PRIVATE alcove_generated_qml)
endfunction()
