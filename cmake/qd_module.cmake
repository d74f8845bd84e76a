# qd_module(NAME n LAYER l DEPS a b LIBS x y)
#
# Makes the static library qd::n from src/<n>/src/*.cc and the test binary <n>_test from
# src/<n>/src/*_test.cc. DEPS are the modules n may include, LIBS are third-party link
# libraries; third-party headers stay in .cc files, so LIBS are never seen by dependents'
# sources (static linking still passes the libraries on).
#
# The build refuses:
#   - a dependency that is not declared yet, or whose layer is not below n's own;
#   - an include of "qd/<m>/..." from a module that does not name m in DEPS
#     (checked at configure time over every file of the module, and a file that changes its
#     includes makes CMake run again).
function(qd_module)
  cmake_parse_arguments(M "" "NAME;LAYER" "DEPS;LIBS;INCLUDES" ${ARGN})
  set(dir ${CMAKE_CURRENT_SOURCE_DIR})
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/src/*.cc ${dir}/src/*/*.cc)
  file(GLOB headers CONFIGURE_DEPENDS ${dir}/include/qd/${M_NAME}/*.h)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(fuzzers ${sources})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz)\\.cc$")

  foreach(dep ${M_DEPS})
    if(NOT TARGET qd_${dep})
      message(FATAL_ERROR "module ${M_NAME}: dependency ${dep} is not declared before it")
    endif()
    get_target_property(dep_layer qd_${dep} QD_LAYER)
    if(NOT dep_layer LESS M_LAYER)
      message(FATAL_ERROR "module ${M_NAME} (layer ${M_LAYER}) must not depend on ${dep} "
                          "(layer ${dep_layer}): arrows point down only; define a port")
    endif()
  endforeach()
  qd_check_includes(${M_NAME} "${M_DEPS}" ${dir})

  if(NOT sources)
    # Only headers so far: nothing to compile, dependents still get the include path.
    add_library(qd_${M_NAME} INTERFACE)
    add_library(qd::${M_NAME} ALIAS qd_${M_NAME})
    set_target_properties(qd_${M_NAME} PROPERTIES QD_LAYER ${M_LAYER})
    target_include_directories(qd_${M_NAME} INTERFACE ${dir}/include)
    foreach(dep ${M_DEPS})
      target_link_libraries(qd_${M_NAME} INTERFACE qd::${dep})
    endforeach()
    return()
  endif()
  add_library(qd_${M_NAME} STATIC ${sources} ${headers})
  add_library(qd::${M_NAME} ALIAS qd_${M_NAME})
  set_target_properties(qd_${M_NAME} PROPERTIES QD_LAYER ${M_LAYER} LINKER_LANGUAGE CXX)
  target_include_directories(qd_${M_NAME} PUBLIC ${dir}/include PRIVATE ${dir}/src)
  target_include_directories(qd_${M_NAME} SYSTEM PRIVATE ${M_INCLUDES})
  foreach(dep ${M_DEPS})
    target_link_libraries(qd_${M_NAME} PUBLIC qd::${dep})
  endforeach()
  target_link_libraries(qd_${M_NAME} PRIVATE ${M_LIBS} Threads::Threads)

  if(QD_TESTS AND tests)
    add_executable(${M_NAME}_test ${tests})
    target_include_directories(${M_NAME}_test PRIVATE ${dir}/src)
    target_include_directories(${M_NAME}_test SYSTEM PRIVATE ${M_INCLUDES})
    target_link_libraries(${M_NAME}_test PRIVATE qd::${M_NAME} GTest::gtest_main Threads::Threads)
    add_test(NAME ${M_NAME} COMMAND ${M_NAME}_test)
    set_tests_properties(${M_NAME} PROPERTIES TIMEOUT 600)
  endif()
  if(QD_FUZZERS)
    foreach(fuzzer ${fuzzers})
      get_filename_component(fuzz_name ${fuzzer} NAME_WE)
      add_executable(${M_NAME}_${fuzz_name} ${fuzzer})
      target_include_directories(${M_NAME}_${fuzz_name} PRIVATE ${dir}/src)
      target_compile_options(${M_NAME}_${fuzz_name} PRIVATE -fsanitize=fuzzer)
      target_link_options(${M_NAME}_${fuzz_name} PRIVATE -fsanitize=fuzzer)
      target_link_libraries(${M_NAME}_${fuzz_name} PRIVATE qd::${M_NAME})
    endforeach()
  endif()
endfunction()

# Stops the configuration when a file under dir includes a module that is not in deps.
function(qd_check_includes name deps dir)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${dir}/*.h ${dir}/*.cc)
  foreach(file ${files})
    file(STRINGS ${file} lines REGEX "^#include \"qd/")
    foreach(line ${lines})
      string(REGEX REPLACE "^#include \"qd/([a-z0-9_]+)/.*" "\\1" module "${line}")
      if(NOT module STREQUAL name AND NOT module IN_LIST deps)
        message(FATAL_ERROR "${file}: includes qd/${module}/ but module ${name} does not "
                            "declare ${module} in DEPS")
      endif()
    endforeach()
  endforeach()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${files})
endfunction()

# qd_binary(TARGET t NAME m DIR d DEPS a b LIBS x): an executable from <d>/*.cc of this directory.
# NAME is the module whose sources may be included besides DEPS.
function(qd_binary)
  cmake_parse_arguments(B "" "NAME;TARGET;DIR" "DEPS;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${B_DIR}/*.cc)
  qd_check_includes(${B_NAME} "${B_DEPS}" ${CMAKE_CURRENT_SOURCE_DIR}/${B_DIR})
  add_executable(${B_TARGET} ${sources})
  foreach(dep ${B_DEPS})
    target_link_libraries(${B_TARGET} PRIVATE qd::${dep})
  endforeach()
  target_link_libraries(${B_TARGET} PRIVATE ${B_LIBS} Threads::Threads)
endfunction()
