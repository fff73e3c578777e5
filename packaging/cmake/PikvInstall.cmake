# SPDX-License-Identifier: GPL-3.0-or-later
install(TARGETS pikv_core pikv)
if(TARGET pikv-explorer)
    install(TARGETS pikv-explorer)
endif()
install(FILES ${CMAKE_CURRENT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
