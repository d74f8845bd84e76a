#pragma once

#include "qd/base/result.h"
#include "qd/codec/value.h"

#include <functional>
#include <string>

namespace qd::conformance {

/// What became of one case.
struct Verdict {
    enum class Kind { Passed, Failed, Skipped };
    Kind kind = Kind::Passed;
    std::string why;

    static Verdict passed() { return {}; }
    static Verdict failed(std::string why) { return {Kind::Failed, std::move(why)}; }
    static Verdict skipped(std::string why) { return {Kind::Skipped, std::move(why)}; }
};

/// Runs every record of the JSON-lines files named on the command line. `--failures` lists what
/// failed and why. Prints "N passed, N failed, N skipped" last. Returns the exit status.
int run_pack(int argc, char** argv, const std::function<Verdict(const Value&)>& check,
             const std::function<std::string()>& summary = {});

}  // namespace qd::conformance
