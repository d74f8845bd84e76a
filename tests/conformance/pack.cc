#include "pack.h"

#include "qd/codec/json.h"

#include <fstream>
#include <iostream>
#include <vector>

namespace qd::conformance {

namespace {

struct Counts {
    std::size_t passed = 0;
    std::size_t failed = 0;
    std::size_t skipped = 0;
};

void run_file(std::istream& in, bool list_failures,
              const std::function<Verdict(const Value&)>& check, Counts& counts) {
    std::string line;
    while (std::getline(in, line)) {
        if (line.empty()) {
            continue;
        }
        const auto record = codec::parse_json(line);
        const Verdict verdict =
            record.ok() ? check(record.value()) : Verdict::failed(record.error().text());
        switch (verdict.kind) {
            case Verdict::Kind::Passed:
                ++counts.passed;
                break;
            case Verdict::Kind::Skipped:
                ++counts.skipped;
                break;
            case Verdict::Kind::Failed:
                ++counts.failed;
                break;
        }
        if (list_failures && verdict.kind != Verdict::Kind::Passed) {
            const Value* id = record.ok() ? record.value().get("id") : nullptr;
            std::cout << (verdict.kind == Verdict::Kind::Failed ? "FAILED " : "SKIPPED ")
                      << (id == nullptr ? "?" : id->string_or("?")) << ": " << verdict.why << '\n';
        }
    }
}

}  // namespace

int run_pack(int argc, char** argv, const std::function<Verdict(const Value&)>& check,
             const std::function<std::string()>& summary) {
    bool list_failures = false;
    std::vector<std::string> files;
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument == "--failures") {
            list_failures = true;
        } else {
            files.push_back(argument);
        }
    }
    if (files.empty()) {
        std::cerr << "usage: " << argv[0] << " FILE... [--failures]\n";
        return 2;
    }
    Counts counts;
    for (const std::string& file : files) {
        std::ifstream in(file);
        if (!in) {
            std::cerr << "cannot read " << file << '\n';
            return 2;
        }
        run_file(in, list_failures, check, counts);
    }
    if (summary) {
        std::cout << summary();
    }
    std::cout << counts.passed << " passed, " << counts.failed << " failed, " << counts.skipped
              << " skipped\n";
    return counts.failed == 0 ? 0 : 1;
}

}  // namespace qd::conformance
