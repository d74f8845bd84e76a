// qd_execution_conformance FILE… --schema TABLES.json [--rows N] [--failures]: runs queries written
// for real tables over generated rows of their schemas. A query must run to its end, and give the
// same number of rows on chunks of seven rows. What does not bind (a table
// or function that is not declared, a refusal) is skipped: the binder has its own runner.
#include "generated_rows.h"
#include "memory_catalog.h"
#include "pack.h"
#include "qd/base/clock.h"
#include "qd/base/executor.h"
#include "qd/codec/json.h"
#include "qd/kql/engine.h"
#include "qd/kql/parser.h"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

namespace {

using qd::Value;
using qd::columns::DataType;
using qd::conformance::MemoryCatalog;
using qd::conformance::Verdict;
namespace kql = qd::kql;

constexpr qd::Timestamp kNow{638'990'208'000'000'000};  // 2025-11-20
constexpr std::uint32_t kRows = 150;
constexpr std::int64_t kTimeoutMs = 20'000;

/// Declared tables, filled.
std::unique_ptr<MemoryCatalog> fill(const Value& schemas, std::uint32_t rows) {
    auto catalog = std::make_unique<MemoryCatalog>();
    catalog->declare(schemas);
    qd::Random random(1);
    catalog->set_external("");
    for (const std::string& name : catalog->table_names({})) {
        const auto table = catalog->find_table({}, name);
        catalog->add_table(name,
                           qd::conformance::generate_rows(table->schema(), rows, kNow, random));
    }
    return catalog;
}

class Runner {
  public:
    Runner(const Value& schemas, std::uint32_t rows)
        : rows_(rows), catalog_(fill(schemas, rows)), engine_(executor_, clock_) {}

    Verdict check(const Value& item) {
        const Value* query = item.get("query");
        const std::string text(query != nullptr ? query->string_or("") : "");
        if (kql::parse(text).script.command) {
            return Verdict::skipped("a management command");
        }
        kql::QueryOptions options;
        options.now = kNow;
        options.timeout_ms = kTimeoutMs;
        infer_tables(text, options);
        const kql::Validation validation = engine_.validate(text, *catalog_, options);
        for (const kql::Diagnostic& d : validation.diagnostics) {
            if (d.severity == kql::Severity::Error) {
                return Verdict::skipped("does not bind: " + d.code + " " + d.ks_code + " " +
                                        d.message);
            }
        }
        const auto fast = engine_.run(text, *catalog_, options);
        if (!fast.ok()) {
            return Verdict::failed(fast.error().text());
        }
        options.chunk_rows = 7;
        const auto plain = engine_.run(text, *catalog_, options);
        if (!plain.ok()) {
            return Verdict::failed("in chunks of seven rows: " + plain.error().text());
        }
        for (std::size_t i = 0; i < fast.value().tables.size(); ++i) {
            const std::uint64_t a = fast.value().tables[i].rows();
            const std::uint64_t b = plain.value().tables[i].rows();
            if (a != b) {
                return Verdict::failed(std::to_string(a) + " rows, in chunks of seven rows " +
                                       std::to_string(b));
            }
            nonempty_ += i == 0 && a > 0 ? 1U : 0U;
        }
        return Verdict::passed();
    }
    std::string summary() const { return std::to_string(nonempty_) + " of them gave rows\n"; }

  private:
    /// Tables the query names and nobody declared, for this query: with a time column, and then
    /// with each column that is not found, of the type its name suggests.
    void infer_tables(const std::string& text, const kql::QueryOptions& options) {
        for (const std::string& name : inferred_) {
            catalog_->remove_table(name);
        }
        inferred_.clear();
        qd::columns::Schema schema;
        schema.fields.push_back({"TimeGenerated", DataType::DateTime});
        schema.fields.push_back({"Timestamp", DataType::DateTime});
        qd::Random random(7);
        for (int round = 0; round < 100; ++round) {
            std::string table;
            std::string column;
            // One at a time: what is declared may change what else is found.
            for (const kql::Diagnostic& d :
                 engine_.validate(text, *catalog_, options).diagnostics) {
                if (d.severity == kql::Severity::Error) {
                    (d.ks_code == "KS204"   ? table
                     : d.ks_code == "KS142" ? column
                                            : none_) = last_quoted(d.message);
                    break;
                }
            }
            if (table.empty() && (column.empty() || inferred_.empty())) {
                return;
            }
            if (!table.empty()) {
                inferred_.push_back(table);
            } else {
                schema.fields.push_back({column, type_by_name(column)});
            }
            for (const std::string& name : inferred_) {
                catalog_->add_table(name,
                                    qd::conformance::generate_rows(schema, rows_, kNow, random));
            }
        }
    }
    static std::string last_quoted(const std::string& message) {
        const std::size_t end = message.rfind('\'');
        const std::size_t begin =
            end == 0 || end == std::string::npos ? end : message.rfind('\'', end - 1);
        return begin == std::string::npos || begin == end
                   ? ""
                   : message.substr(begin + 1, end - begin - 1);
    }
    static DataType type_by_name(std::string_view name) {
        const auto ends = [&](std::string_view end) { return name.ends_with(end); };
        return ends("Time") || ends("Date") || ends("DateTime")                 ? DataType::DateTime
               : ends("Count") || ends("Port") || ends("Size") || ends("Bytes") ? DataType::Long
               : ends("Fields") || ends("Properties") || ends("Details") || ends("Entities")
                   ? DataType::Dynamic
                   : DataType::String;
    }

    std::uint32_t rows_;
    std::vector<std::string> inferred_;
    std::string none_;
    std::unique_ptr<MemoryCatalog> catalog_;
    qd::InlineExecutor executor_;
    qd::RealClock clock_;
    kql::Engine engine_;
    std::uint64_t nonempty_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    Value schemas;
    std::uint32_t rows = kRows;
    std::vector<char*> rest;
    for (int i = 0; i < argc; ++i) {
        if (std::strcmp(argv[i], "--rows") == 0 && i + 1 < argc) {
            rows = static_cast<std::uint32_t>(std::strtoul(argv[++i], nullptr, 10));
        } else if (std::strcmp(argv[i], "--schema") == 0 && i + 1 < argc) {
            std::ifstream in(argv[++i]);
            std::stringstream text;
            text << in.rdbuf();
            auto parsed = qd::codec::parse_json(text.str());
            if (!parsed.ok()) {
                std::cerr << "cannot read the schema: " << parsed.error().text() << '\n';
                return 2;
            }
            schemas = std::move(parsed).value();
        } else {
            rest.push_back(argv[i]);
        }
    }
    Runner runner(schemas, rows);
    return qd::conformance::run_pack(
        static_cast<int>(rest.size()), rest.data(),
        [&](const Value& item) { return runner.check(item); }, [&] { return runner.summary(); });
}
