# One imported target, millrace::torch, from a LibTorch folder: the CPU or the CUDA build, from pip or from a zip.
#
# find_package(Torch) is not used: the CUDA build's package file fails on a machine without a CUDA toolkit, which is what
# `pip install torch` gives most people, although its libraries link and run there. Torch's headers come by -idirafter,
# because the wheel carries its own protobuf and fmt headers, which must not shadow the system's.
set(MILLRACE_TORCH_DIR "" CACHE PATH "LibTorch: a folder with include/ and lib/; empty: the one that pip put into .venv")

if(MILLRACE_TORCH_DIR)
  set(torch_dir ${MILLRACE_TORCH_DIR})
else()
  file(GLOB torch_dir ${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch)
endif()
if(NOT EXISTS "${torch_dir}/include/torch/csrc/api/include/torch/torch.h")
  message(FATAL_ERROR
    "LibTorch not found (looked in '${torch_dir}'). Run scripts/setup, or give -DMILLRACE_TORCH_DIR=FOLDER, "
    "or build without the trainer: -DMILLRACE_TRAINER=OFF")
endif()

set(torch_libraries)
foreach(name torch torch_cpu c10 torch_cuda c10_cuda)
  find_library(MILLRACE_LIB_${name} ${name} PATHS ${torch_dir}/lib NO_DEFAULT_PATH NO_CACHE)  # the folder may change
  if(MILLRACE_LIB_${name})
    list(APPEND torch_libraries ${MILLRACE_LIB_${name}})
  endif()
endforeach()

# Beside the CUDA wheel lie CUDA's own libraries; the loader must find them.
get_filename_component(site_packages ${torch_dir} DIRECTORY)
file(GLOB nvidia_folders ${site_packages}/nvidia/*/lib)

# CUDA's headers and NCCL's, for the two files that see them: from those wheels, but what nvcc brings (crt/ and, for NCCL's group, nv/, which
# lie in the wheels nvidia-cuda-crt and nvidia-cuda-cccl too). Without CUDA's there are no graphs, without NCCL's sums go by Gloo.
set(millrace_cuda_options "")
set(millrace_nccl_options "")
if(MILLRACE_LIB_torch_cuda)
  file(GLOB nvidia_headers ${site_packages}/nvidia/*/include)
  find_path(MILLRACE_NCCL_HEADERS nccl.h PATHS ${nvidia_headers} NO_CACHE)
  find_path(MILLRACE_CUDA_HEADERS crt/host_config.h PATHS ${nvidia_headers} /usr/local/cuda/include NO_CACHE)
  if(MILLRACE_CUDA_HEADERS)
    set(millrace_cuda_options -DMILLRACE_CUDA_GRAPHS)
    foreach(folder ${nvidia_headers} ${MILLRACE_CUDA_HEADERS})
      list(APPEND millrace_cuda_options -idirafter ${folder})
    endforeach()
  endif()
  find_path(MILLRACE_CCCL_HEADERS nv/target
    PATHS ${nvidia_headers} /usr/local/cuda/include /usr/local/cuda/include/cccl NO_CACHE)
  if(MILLRACE_NCCL_HEADERS AND MILLRACE_CUDA_HEADERS AND MILLRACE_CCCL_HEADERS)
    set(millrace_nccl_options ${millrace_cuda_options} -DUSE_C10D_NCCL)
    list(APPEND millrace_nccl_options -idirafter ${MILLRACE_NCCL_HEADERS} -idirafter ${MILLRACE_CCCL_HEADERS})
  endif()
endif()

add_library(millrace_torch INTERFACE)
add_library(millrace::torch ALIAS millrace_torch)
target_compile_options(millrace_torch INTERFACE
  "SHELL:-idirafter ${torch_dir}/include" "SHELL:-idirafter ${torch_dir}/include/torch/csrc/api/include")
target_compile_definitions(millrace_torch INTERFACE USE_DISTRIBUTED USE_C10D_GLOO)
# at::parallel_for is a template over OpenMP, and without it a plain loop: silently one thread. Its library is found beside torch; the
# compiler's own, which the target OpenMP::OpenMP_CXX would name by its path, is another.
find_package(OpenMP REQUIRED COMPONENTS CXX)
separate_arguments(openmp_options NATIVE_COMMAND "${OpenMP_CXX_FLAGS}")
target_compile_options(millrace_torch INTERFACE ${openmp_options})
target_link_options(millrace_torch INTERFACE ${openmp_options})
# torch_cuda registers its kernels when it is loaded and is named by no symbol of ours.
target_link_options(millrace_torch INTERFACE -Wl,--no-as-needed)
target_link_libraries(millrace_torch INTERFACE ${torch_libraries})
target_link_options(millrace_torch INTERFACE -Wl,-rpath,${torch_dir}/lib)
foreach(folder ${nvidia_folders})
  target_link_options(millrace_torch INTERFACE -Wl,-rpath,${folder} -Wl,-rpath-link,${folder})
endforeach()
message(STATUS "LibTorch: ${torch_dir}")
if(MILLRACE_LIB_torch_cuda AND NOT millrace_cuda_options)
  message(STATUS "No CUDA graphs, no NCCL: the headers of a CUDA toolkit (crt/host_config.h) are missing, so ranks add up by way of their hosts")
elseif(MILLRACE_LIB_torch_cuda AND NOT millrace_nccl_options)
  message(STATUS "No NCCL: nccl.h or nv/target is missing, so ranks add up by way of their hosts")
endif()
