// What the engine says about each query of JSON-lines files, for tests/kusto to hold beside
// Microsoft's own parser and binder: {"id", "query", "errors": [{"code", "ks", "start",
// "message"}]} a line.
//   --schema FILE   tables: {"Table": {"columns": [{"name", "type"}]}}; may be given again
#include "memory_catalog.h"
#include "qd/base/clock.h"
#include "qd/base/executor.h"
#include "qd/codec/json.h"
#include "qd/kql/engine.h"

#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

namespace {

using qd::Array;
using qd::Object;
using qd::Value;
namespace kql = qd::kql;

Value errors_of(const kql::Validation& validation) {
    Array errors;
    for (const kql::Diagnostic& d : validation.diagnostics) {
        if (d.severity == kql::Severity::Error) {
            Object error;
            error.set("code", Value(d.code));
            error.set("ks", Value(d.ks_code));
            error.set("start", Value(static_cast<std::int64_t>(d.span.offset)));
            error.set("message", Value(d.message));
            errors.push_back(Value(std::move(error)));
        }
    }
    return Value(std::move(errors));
}

}  // namespace

int main(int argc, char** argv) {
    qd::conformance::MemoryCatalog catalog;
    std::vector<std::string> files;
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--schema") != 0 || i + 1 == argc) {
            files.emplace_back(argv[i]);
            continue;
        }
        std::ifstream in(argv[++i]);
        std::stringstream text;
        text << in.rdbuf();
        const auto parsed = qd::codec::parse_json(text.str());
        if (!parsed.ok()) {
            std::cerr << "cannot read the schema: " << parsed.error().text() << '\n';
            return 2;
        }
        catalog.declare(parsed.value());
    }
    qd::InlineExecutor executor;
    qd::RealClock clock;
    const kql::Engine engine(executor, clock);
    for (const std::string& file : files) {
        std::ifstream in(file);
        if (!in) {
            std::cerr << "cannot read " << file << '\n';
            return 2;
        }
        for (std::string line; std::getline(in, line);) {
            const auto record = qd::codec::parse_json(line);
            const Value* query = record.ok() ? record.value().get("query") : nullptr;
            if (query == nullptr) {
                continue;
            }
            const Value* id = record.value().get("id");
            kql::QueryOptions options;
            options.now = clock.utc();
            Object out;
            out.set("id", id == nullptr ? Value("") : *id);
            out.set("query", *query);
            out.set("errors", errors_of(engine.validate(query->string_or(""), catalog, options)));
            std::cout << qd::codec::to_json(Value(std::move(out))) << '\n';
        }
    }
    return 0;
}
