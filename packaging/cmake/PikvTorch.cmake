# SPDX-License-Identifier: GPL-3.0-or-later
# LibTorch. The CMake files of its CUDA builds demand a CUDA toolkit of the same version, a GPU probe and a CUDA
# compiler that knows C++20, though nothing here compiles CUDA: such a build's libraries are linked directly.
find_library(PIKV_TORCH_CUDA_LIBRARY torch_cuda PATH_SUFFIXES lib torch/lib)
mark_as_advanced(PIKV_TORCH_CUDA_LIBRARY)
if(NOT PIKV_TORCH_CUDA_LIBRARY)
    find_package(Torch REQUIRED)
    set_package_properties(Torch PROPERTIES TYPE REQUIRED PURPOSE "the engine's tensors, on CPU and CUDA")
    if(TORCH_CXX_FLAGS MATCHES "_GLIBCXX_USE_CXX11_ABI=0")
        message(FATAL_ERROR "The LibTorch in ${TORCH_INSTALL_PREFIX} was built with the pre-C++11 ABI; "
            "take its cxx11-ABI download or a version from 2.7 on.")
    endif()
    return()
endif()

cmake_path(GET PIKV_TORCH_CUDA_LIBRARY PARENT_PATH torch_lib_dir)
cmake_path(GET torch_lib_dir PARENT_PATH TORCH_INSTALL_PREFIX)
set(torch_include_dir ${TORCH_INSTALL_PREFIX}/include)
set(torch_version_file ${torch_include_dir}/torch/headeronly/version.h) # from 2.9 on
if(NOT EXISTS ${torch_version_file})
    set(torch_version_file ${torch_include_dir}/torch/csrc/api/include/torch/version.h)
endif()
file(STRINGS ${torch_version_file} torch_version_lines REGEX "^#define TORCH_VERSION_(MAJOR|MINOR) +[0-9]+")
string(REGEX REPLACE "[^;0-9]+" "" torch_version "${torch_version_lines}")
list(JOIN torch_version . torch_version)
if(torch_version VERSION_LESS 2.7)
    message(FATAL_ERROR "The CUDA build of LibTorch in ${TORCH_INSTALL_PREFIX} is version '${torch_version}'; "
        "take 2.7 or newer, whose libraries have the C++11 ABI.")
endif()
message(STATUS "LibTorch ${torch_version} with CUDA: ${TORCH_INSTALL_PREFIX}")

add_library(pikv_libtorch INTERFACE)
target_include_directories(pikv_libtorch SYSTEM INTERFACE ${torch_include_dir}
    ${torch_include_dir}/torch/csrc/api/include)
# torch_cuda registers its kernels when it is loaded, so the linker must keep it though no symbol asks for it. Its own
# dependencies are found by its run path.
target_link_libraries(pikv_libtorch INTERFACE
    -Wl,--push-state,--no-as-needed ${PIKV_TORCH_CUDA_LIBRARY} ${torch_lib_dir}/libc10_cuda.so -Wl,--pop-state
    ${torch_lib_dir}/libtorch_cpu.so ${torch_lib_dir}/libtorch.so ${torch_lib_dir}/libc10.so)
target_link_options(pikv_libtorch INTERFACE -Wl,--allow-shlib-undefined)
set(TORCH_LIBRARIES pikv_libtorch)
