# SPDX-License-Identifier: GPL-3.0-or-later
foreach(target pikv_core pikv pikv-explorer)
    if(TARGET ${target})
        install(TARGETS ${target})
    endif()
endforeach()
install(FILES ${CMAKE_CURRENT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
