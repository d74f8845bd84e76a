# Compiler settings shared by every target; presets choose the build type and the sanitizers.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

option(QD_WERROR "Treat warnings as errors" ON)
set(QD_SANITIZE "" CACHE STRING "Sanitizers passed to -fsanitize=")
option(QD_FUZZERS "Build the libFuzzer targets (clang only)" OFF)
option(QD_TESTS "Build the tests" ON)

find_program(QD_CCACHE ccache)
if(QD_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${QD_CCACHE})
endif()
find_program(QD_MOLD mold)
if(QD_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Woverloaded-virtual -Wnon-virtual-dtor -Wimplicit-fallthrough)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wduplicated-cond -Wlogical-op)
else()
  # libstdc++ 12's own stable_sort calls a function that it deprecates.
  add_compile_options(-Wno-deprecated-declarations)
endif()
if(QD_WERROR)
  add_compile_options(-Werror)
endif()
if(QD_SANITIZE)
  add_compile_options(-fsanitize=${QD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${QD_SANITIZE})
endif()

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
if(QD_TESTS)
  find_package(GTest REQUIRED)
endif()
