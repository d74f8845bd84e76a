// Runs KQL conformance packs through the engine (./dev conformance kql FILE… [--failures]).
//   --bind-only            only bind; unknown tables, functions and columns are no failure
//   --schema FILE          tables for it: {"Table": {"columns": [{"name", "type"}]}}
//   --chunk-rows N, --workers N, --no-optimise   the differential runs
// Comparison rules are those of the packs' README: rows are a multiset unless `ordered`, doubles
// agree to 1e-9 (5 % where the item says approx), dynamic cells compare as JSON values.
#include "memory_catalog.h"
#include "pack.h"
#include "qd/base/clock.h"
#include "qd/base/executor.h"
#include "qd/codec/guid.h"
#include "qd/codec/json.h"
#include "qd/columns/text.h"
#include "qd/columns/variant.h"
#include "qd/kql/command.h"
#include "qd/kql/engine.h"
#include "qd/kql/parser.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

namespace {

using qd::Array;
using qd::Object;
using qd::Result;
using qd::Value;
using qd::columns::DataType;
using qd::columns::Schema;
using qd::columns::Table;
using qd::conformance::Verdict;
namespace kql = qd::kql;

using qd::conformance::MemoryCatalog;

struct Setup {
    bool bind_only = false;
    bool optimise = true;
    std::uint32_t chunk_rows = 0;
    std::size_t workers = 1;
    Value schemas;
};

std::string show(const Value& value) {
    return qd::codec::to_json(value);
}

bool close(double a, double b, double tolerance) {
    if (std::isnan(a) || std::isnan(b)) {
        return std::isnan(a) && std::isnan(b);
    }
    if (a == b) {
        return true;
    }
    return std::fabs(a - b) <= tolerance * std::max(std::fabs(a), std::fabs(b)) ||
           std::fabs(a - b) < 1e-300;
}

std::optional<double> number_of(const Value& value) {
    if (const auto* n = value.if_int()) {
        return static_cast<double>(*n);
    }
    if (const auto* d = value.if_double()) {
        return *d;
    }
    if (const auto* b = value.if_big_number()) {
        return std::strtod(b->text.c_str(), nullptr);
    }
    const std::string_view text = value.string_or("");
    if (text == "NaN") {
        return std::nan("");
    }
    if (text == "Infinity") {
        return HUGE_VAL;
    }
    if (text == "-Infinity") {
        return -HUGE_VAL;
    }
    return std::nullopt;
}

/// JSON values: objects without regard to order, numbers with the tolerance.
bool same_json(const Value& a, const Value& b, double tolerance) {
    if (const auto* x = a.if_array()) {
        const auto* y = b.if_array();
        if (y == nullptr || x->size() != y->size()) {
            return false;
        }
        for (std::size_t i = 0; i < x->size(); ++i) {
            if (!same_json((*x)[i], (*y)[i], tolerance)) {
                return false;
            }
        }
        return true;
    }
    if (const auto* x = a.if_object()) {
        const auto* y = b.if_object();
        if (y == nullptr || x->size() != y->size()) {
            return false;
        }
        for (const auto& [key, value] : *x) {
            const Value* other = y->find(key);
            if (other == nullptr || !same_json(value, *other, tolerance)) {
                return false;
            }
        }
        return true;
    }
    if (a == b) {
        return true;
    }
    const auto x = number_of(a);
    const auto y = number_of(b);
    if (x && y) {
        return close(*x, *y, tolerance);
    }
    // Times inside JSON are texts: compare the instants.
    if (a.if_string() != nullptr && b.if_string() != nullptr) {
        const auto t = qd::parse_iso_timestamp(*a.if_string());
        const auto u = qd::parse_iso_timestamp(*b.if_string());
        return t && u && a.if_string()->size() >= 19 && *t == *u;
    }
    return false;
}

/// What JSON makes of a cell.
Value as_json(const qd::columns::Column& column, std::uint32_t row) {
    if (column.is_null(row)) {
        return Value();
    }
    switch (column.type()) {
        case DataType::Bool:
            return Value(column.int_at(row) != 0);
        case DataType::Int:
        case DataType::Long:
            return Value(column.int_at(row));
        case DataType::Real: {
            const double v = column.real_at(row);
            if (std::isnan(v)) {
                return Value("NaN");
            }
            return std::isinf(v) ? Value(v > 0 ? "Infinity" : "-Infinity") : Value(v);
        }
        case DataType::Dynamic: {
            const auto parsed = qd::codec::parse_json([&] {
                std::string json;
                qd::columns::VariantView(column.bytes_at(row)).append_json(json);
                return json;
            }());
            return parsed.ok() ? parsed.value() : Value();
        }
        case DataType::String:
        case DataType::Decimal:
        case DataType::DateTime:
        case DataType::TimeSpan:
        case DataType::Guid:
            break;
    }
    std::string text;
    qd::columns::append_text(text, column, row);
    return Value(std::move(text));
}

bool same_cell(const Value& expected, const Value& actual, DataType type, double tolerance) {
    if (expected.is_null()) {
        return actual.is_null() || (type == DataType::String && actual.string_or("x").empty());
    }
    if (actual.is_null()) {
        return false;
    }
    const std::string_view text = expected.string_or("");
    const std::string_view got = actual.string_or("");
    switch (type) {
        case DataType::DateTime: {
            const auto a = qd::parse_iso_timestamp(text);
            const auto b = qd::parse_iso_timestamp(got);
            return a && b && *a == *b;
        }
        case DataType::TimeSpan: {
            const auto a = qd::parse_ticks(text);
            const auto b = qd::parse_ticks(got);
            return a && b && *a == *b;
        }
        case DataType::Decimal: {
            const double a =
                number_of(expected).value_or(std::strtod(std::string(text).c_str(), nullptr));
            return close(a, std::strtod(std::string(got).c_str(), nullptr), tolerance);
        }
        case DataType::Bool:
            if (const auto* n = expected.if_int()) {
                return actual.bool_or(false) == (*n != 0);
            }
            return expected == actual;
        case DataType::Dynamic:
            if (same_json(expected, actual, tolerance)) {
                return true;
            }
            if (expected.if_string() != nullptr) {
                const auto parsed = qd::codec::parse_json(*expected.if_string());
                return parsed.ok() && same_json(parsed.value(), actual, tolerance);
            }
            return false;
        case DataType::Guid:
        case DataType::Int:
        case DataType::Long:
        case DataType::Real:
        case DataType::String:
            break;
    }
    return same_json(expected, actual, tolerance);
}

using Rows = std::vector<std::vector<Value>>;

Rows rows_of(const kql::ResultTable& table) {
    Rows out;
    for (const qd::columns::Chunk& chunk : table.chunks) {
        for (std::uint32_t i = 0; i < chunk.rows; ++i) {
            std::vector<Value> row;
            for (const auto& column : chunk.columns) {
                row.push_back(as_json(*column, i));
            }
            out.push_back(std::move(row));
        }
    }
    return out;
}

std::string show_rows(const Rows& rows) {
    std::string out;
    for (std::size_t i = 0; i < rows.size() && i < 8; ++i) {
        out += "\n      " + show(Value(Array(rows[i].begin(), rows[i].end())));
    }
    return out;
}

bool same_row(const std::vector<Value>& expected, const std::vector<Value>& actual,
              const Schema& schema, double tolerance) {
    for (std::size_t c = 0; c < schema.size(); ++c) {
        const Value missing;
        const Value& cell = c < expected.size() ? expected[c] : missing;
        if (!same_cell(cell, actual[c], schema[c].type, tolerance)) {
            return false;
        }
    }
    return true;
}

bool coarse_type_matches(std::string_view expected, DataType actual) {
    const std::string_view name = qd::columns::type_name(actual);
    if (expected == "int") {
        return name == "int" || name == "long";
    }
    if (expected == "real") {
        return name == "real" || name == "decimal";
    }
    return expected == name;
}

std::string show_schema(const Schema& schema) {
    std::string out;
    for (const auto& field : schema.fields) {
        out += (out.empty() ? "" : ", ") + field.name + ":" +
               std::string(qd::columns::type_name(field.type));
    }
    return out;
}

bool flag(const Value& item, std::string_view name) {
    const Value* value = item.get(name);
    return value != nullptr && value->bool_or(false);
}

Rows expected_rows(const Value* rows) {
    Rows out;
    if (rows == nullptr || rows->if_array() == nullptr) {
        return out;
    }
    for (const Value& row : *rows->if_array()) {
        if (const Array* cells = row.if_array()) {
            out.emplace_back(cells->begin(), cells->end());
        }
    }
    return out;
}

Verdict compare_typed(const Value& item, const Value& answer, const kql::ResultTable& table,
                      bool coarse) {
    const Value* columns = answer.get("columns");
    const Array* wanted = columns != nullptr ? columns->if_array() : nullptr;
    const Schema& schema = table.schema;
    bool schema_ok = wanted != nullptr && wanted->size() == schema.size();
    for (std::size_t i = 0; schema_ok && i < schema.size(); ++i) {
        const Array* column = (*wanted)[i].if_array();
        schema_ok = column != nullptr && column->size() == 2 &&
                    (*column)[0].string_or("") == schema[i].name &&
                    (coarse ? coarse_type_matches((*column)[1].string_or(""), schema[i].type)
                            : (*column)[1].string_or("") == qd::columns::type_name(schema[i].type));
    }
    if (!schema_ok) {
        return Verdict::failed("columns: expected " + (columns ? show(*columns) : "?") +
                               "\n    actual " + show_schema(schema));
    }
    if (flag(item, "nondeterministic") || flag(item, "partial")) {
        return Verdict::passed();
    }
    const double tolerance = flag(item, "approx") ? 0.05 : 1e-9;
    Rows expected = expected_rows(answer.get("rows"));
    const Rows actual = rows_of(table);
    const Value* count = answer.get("rowcount");
    const std::size_t rows =
        count != nullptr ? static_cast<std::size_t>(count->int_or(0)) : expected.size();
    if (rows != actual.size()) {
        return Verdict::failed("rows: expected " + std::to_string(rows) + show_rows(expected) +
                               "\n    actual " + std::to_string(actual.size()) + show_rows(actual));
    }
    if (flag(item, "any_row")) {
        return Verdict::passed();
    }
    if (flag(item, "ordered")) {
        for (std::size_t i = 0; i < expected.size(); ++i) {
            if (!same_row(expected[i], actual[i], schema, tolerance)) {
                return Verdict::failed("row " + std::to_string(i) + ": expected" +
                                       show_rows({expected[i]}) + "\n    actual" +
                                       show_rows({actual[i]}));
            }
        }
        return Verdict::passed();
    }
    std::vector<bool> used(actual.size());
    for (const auto& row : expected) {
        bool found = false;
        for (std::size_t i = 0; i < actual.size() && !found; ++i) {
            if (!used[i] && same_row(row, actual[i], schema, tolerance)) {
                used[i] = true;
                found = true;
            }
        }
        if (!found) {
            return Verdict::failed("missing row:" + show_rows({row}) + "\n    actual" +
                                   show_rows(actual));
        }
    }
    return Verdict::passed();
}

/// A documentation page's table: names as text, cells as text at the digits shown.
bool same_text(const std::string& expected, const Value& actual) {
    if (actual.is_null()) {
        return expected.empty() || expected == "null" || expected == "(null)";
    }
    const auto parsed = qd::codec::parse_json(expected);
    if (parsed.ok() && same_json(parsed.value(), actual, 1e-4)) {
        return true;
    }
    const std::string text = actual.if_string() != nullptr ? *actual.if_string() : show(actual);
    if (text == expected) {
        return true;
    }
    const auto a = qd::parse_iso_timestamp(expected);
    const auto b = qd::parse_iso_timestamp(text);
    if (a && b) {
        return *a == *b;
    }
    const auto s = qd::parse_ticks(expected);
    const auto t = qd::parse_ticks(text);
    if (s && t) {
        return *s == *t;
    }
    std::string low = expected;
    std::transform(low.begin(), low.end(), low.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return low == text;
}

Verdict compare_page(const Value& item, const kql::ResultTable& table) {
    const Value* columns = item.get("columns");
    const Array* names = columns != nullptr ? columns->if_array() : nullptr;
    if (names == nullptr) {
        return Verdict::passed();
    }
    bool ok = names->size() == table.schema.size();
    for (std::size_t i = 0; ok && i < names->size(); ++i) {
        ok = (*names)[i].string_or("") == table.schema[i].name;
    }
    if (!ok) {
        return Verdict::failed("columns: expected " + show(*columns) + "\n    actual " +
                               show_schema(table.schema));
    }
    if (flag(item, "nondeterministic") || flag(item, "partial") || flag(item, "any_row")) {
        return Verdict::passed();
    }
    const Rows expected = expected_rows(item.get("rows"));
    const Rows actual = rows_of(table);
    if (expected.size() != actual.size()) {
        return Verdict::failed("rows: expected " + std::to_string(expected.size()) +
                               show_rows(expected) + "\n    actual " +
                               std::to_string(actual.size()) + show_rows(actual));
    }
    std::vector<bool> used(actual.size());
    for (const auto& row : expected) {
        bool found = false;
        for (std::size_t i = 0; i < actual.size() && !found; ++i) {
            bool same = !used[i];
            for (std::size_t c = 0; same && c < row.size(); ++c) {
                same = same_text(std::string(row[c].string_or("")), actual[i][c]);
            }
            if (same) {
                used[i] = true;
                found = true;
            }
        }
        if (!found) {
            return Verdict::failed("missing row:" + show_rows({row}) + "\n    actual" +
                                   show_rows(actual));
        }
    }
    return Verdict::passed();
}

Verdict compare_schema(const Value& wanted, const Schema& schema) {
    const Array* columns = wanted.if_array();
    bool ok = columns != nullptr && columns->size() == schema.size();
    for (std::size_t i = 0; ok && i < schema.size(); ++i) {
        const Value* name = (*columns)[i].get("name");
        const Value* type = (*columns)[i].get("type");
        ok = name != nullptr && type != nullptr && name->string_or("") == schema[i].name &&
             type->string_or("") == qd::columns::type_name(schema[i].type);
    }
    return ok ? Verdict::passed()
              : Verdict::failed("columns: expected " + show(wanted) + "\n    actual " +
                                show_schema(schema));
}

class Runner {
  public:
    explicit Runner(Setup setup) : setup_(std::move(setup)), engine_(executor_, clock_) {
        shared_.declare(setup_.schemas);
    }

    Verdict check(const Value& item) {
        const Value* query = item.get("query");
        if (query == nullptr) {
            return Verdict::skipped("no query");
        }
        const std::string text(query->string_or(""));
        if (setup_.bind_only) {
            return bind(text);
        }
        kql::QueryOptions options;
        options.now = clock_.utc();
        options.workers = setup_.workers;
        options.chunk_rows = setup_.chunk_rows;
        options.optimise = setup_.optimise;
        options.timeout_ms = 20'000;
        if (const Value* tables = item.get("tables")) {
            shared_.declare(*tables);
        }
        const Value* kind = item.get("kind");
        if (kind != nullptr && kind->string_or("") == "command") {
            return create_function(text);
        }
        const auto result = engine_.run(text, shared_, options);
        if (flag(item, "error")) {
            return result.ok() ? Verdict::failed("an error was expected") : Verdict::passed();
        }
        if (!result.ok()) {
            return Verdict::failed("error " + result.error().text());
        }
        if (result.value().tables.empty()) {
            const Value* columns = item.get("columns");
            const bool expects_rows = columns != nullptr && !columns->is_null();
            return expects_rows ? Verdict::failed("no table") : Verdict::passed();
        }
        const kql::ResultTable& table = result.value().tables[0];
        if (const Value* schema = item.get("result")) {
            return compare_schema(*schema, table.schema);
        }
        if (const Value* engine = item.get("engine"); engine != nullptr && !engine->is_null()) {
            return compare_typed(item, *engine, table, false);
        }
        if (item.get("family") != nullptr) {
            return compare_typed(item, item, table, true);
        }
        return compare_page(item, table);
    }

  private:
    Verdict bind(const std::string& text) {
        const kql::ParseResult parsed = kql::parse(text);
        if (!parsed.ok()) {
            return Verdict::failed("parse: " + parsed.diagnostics.at(0).message);
        }
        kql::QueryOptions options;
        options.now = clock_.utc();
        const kql::Validation validation = engine_.validate(text, shared_, options);
        std::string why;
        for (const kql::Diagnostic& d : validation.diagnostics) {
            if (d.severity != kql::Severity::Error || d.ks_code == "KS204" ||
                d.ks_code == "KS211" || d.ks_code == "KS174") {
                continue;  // tables and functions that are not supplied; a piece of a query
            }
            why += (why.empty() ? "" : "; ") + d.code + " " + d.ks_code + " " + d.message;
        }
        return why.empty() ? Verdict::passed() : Verdict::failed(why);
    }

    Verdict create_function(const std::string& text) {
        const kql::ParseResult parsed = kql::parse(text);
        if (!parsed.ok() || !parsed.script.command) {
            return Verdict::failed("the command does not parse");
        }
        // ….create-or-alter function with (…) name(parameters) { body }
        std::size_t at = text.find("function");
        at = at == std::string::npos ? 0 : at + 8;
        while (at < text.size() && std::isspace(static_cast<unsigned char>(text[at])) != 0) {
            ++at;
        }
        if (text.compare(at, 4, "with") == 0) {
            at = text.find(')', at) + 1;
        }
        const std::size_t open = text.find('(', at);
        const std::size_t body = text.find('{', open);
        const std::size_t end = text.rfind('}');
        if (open == std::string::npos || body == std::string::npos || end == std::string::npos) {
            return Verdict::failed("the function has no parameters or body");
        }
        kql::StoredFunction function;
        for (std::size_t i = at; i < open; ++i) {
            if (std::isspace(static_cast<unsigned char>(text[i])) == 0) {
                function.name += text[i];
            }
        }
        function.parameters = text.substr(open, body - open);
        while (!function.parameters.empty() && function.parameters.back() != ')') {
            function.parameters.pop_back();
        }
        function.body = text.substr(body + 1, end - body - 1);
        const auto lambda = kql::parse_function(function.parameters, function.body);
        if (!lambda.ok()) {
            return Verdict::failed("the function does not parse: " + lambda.error().text());
        }
        shared_.add_function(std::move(function));
        return Verdict::passed();
    }

    Setup setup_;
    MemoryCatalog shared_;
    qd::InlineExecutor executor_;
    qd::RealClock clock_;
    kql::Engine engine_;
};

}  // namespace

int main(int argc, char** argv) {
    Setup setup;
    std::vector<char*> rest;
    for (int i = 0; i < argc; ++i) {
        if (std::strcmp(argv[i], "--bind-only") == 0) {
            setup.bind_only = true;
        } else if (std::strcmp(argv[i], "--no-optimise") == 0) {
            setup.optimise = false;
        } else if (std::strcmp(argv[i], "--chunk-rows") == 0 && i + 1 < argc) {
            setup.chunk_rows = static_cast<std::uint32_t>(std::strtoul(argv[++i], nullptr, 10));
        } else if (std::strcmp(argv[i], "--workers") == 0 && i + 1 < argc) {
            setup.workers = std::strtoul(argv[++i], nullptr, 10);
        } else if (std::strcmp(argv[i], "--schema") == 0 && i + 1 < argc) {
            std::ifstream in(argv[++i]);
            std::stringstream text;
            text << in.rdbuf();
            auto parsed = qd::codec::parse_json(text.str());
            if (!parsed.ok()) {
                std::cerr << "cannot read the schema: " << parsed.error().text() << '\n';
                return 2;
            }
            setup.schemas = std::move(parsed).value();
        } else {
            rest.push_back(argv[i]);
        }
    }
    Runner runner(std::move(setup));
    return qd::conformance::run_pack(static_cast<int>(rest.size()), rest.data(),
                                     [&](const Value& item) { return runner.check(item); });
}
