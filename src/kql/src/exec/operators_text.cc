// contains, has, startswith, … and matches regex.
//
// A constant needle is prepared once at binding; a needle that varies is prepared again whenever
// it changes from one row to the next. Regular expressions are RE2's. Source: kql.md b.9, b.10.
#include "exec/operators.h"
#include "exec/rows.h"
#include "exec/term_match.h"
#include "regex_pattern.h"

#include <re2/re2.h>

#include <array>
#include <functional>
#include <memory>

namespace qd::kql {

namespace {

struct TextOperator {
    std::string_view name;
    TextTest test;
    bool case_sensitive;
    bool negated;
};

constexpr std::array kTextOperators = {
    TextOperator{"=~", TextTest::Equals, false, false},
    TextOperator{"!~", TextTest::Equals, false, true},
    TextOperator{"contains", TextTest::Contains, false, false},
    TextOperator{"!contains", TextTest::Contains, false, true},
    TextOperator{"contains_cs", TextTest::Contains, true, false},
    TextOperator{"containscs", TextTest::Contains, true, false},
    TextOperator{"!contains_cs", TextTest::Contains, true, true},
    TextOperator{"!containscs", TextTest::Contains, true, true},
    TextOperator{"startswith", TextTest::StartsWith, false, false},
    TextOperator{"!startswith", TextTest::StartsWith, false, true},
    TextOperator{"startswith_cs", TextTest::StartsWith, true, false},
    TextOperator{"!startswith_cs", TextTest::StartsWith, true, true},
    TextOperator{"endswith", TextTest::EndsWith, false, false},
    TextOperator{"!endswith", TextTest::EndsWith, false, true},
    TextOperator{"endswith_cs", TextTest::EndsWith, true, false},
    TextOperator{"!endswith_cs", TextTest::EndsWith, true, true},
    TextOperator{"has", TextTest::Has, false, false},
    TextOperator{"!has", TextTest::Has, false, true},
    TextOperator{"has_cs", TextTest::Has, true, false},
    TextOperator{"!has_cs", TextTest::Has, true, true},
    TextOperator{"hasprefix", TextTest::HasPrefix, false, false},
    TextOperator{"!hasprefix", TextTest::HasPrefix, false, true},
    TextOperator{"hasprefix_cs", TextTest::HasPrefix, true, false},
    TextOperator{"!hasprefix_cs", TextTest::HasPrefix, true, true},
    TextOperator{"hassuffix", TextTest::HasSuffix, false, false},
    TextOperator{"!hassuffix", TextTest::HasSuffix, false, true},
    TextOperator{"hassuffix_cs", TextTest::HasSuffix, true, false},
    TextOperator{"!hassuffix_cs", TextTest::HasSuffix, true, true},
};

const TextOperator* find_text_operator(std::string_view name) {
    for (const TextOperator& op : kTextOperators) {
        if (op.name == name) {
            return &op;
        }
    }
    return nullptr;
}

/// like patterns: * is any text, everything else is itself.
std::string like_pattern(std::string_view like) {
    std::string out = "(?s)^";
    std::size_t from = 0;
    while (true) {
        const std::size_t star = like.find('*', from);
        out += RE2::QuoteMeta(like.substr(from, star - from));
        if (star == std::string_view::npos) {
            break;
        }
        out += ".*";
        from = star + 1;
    }
    return out + "$";
}

std::shared_ptr<const RE2> compile(std::string_view pattern) {
    RE2::Options options(RE2::Quiet);
    options.set_max_mem(std::int64_t{64} << 20);
    auto compiled = std::make_shared<RE2>(to_re2_pattern(pattern), options);
    if (compiled->ok()) {
        return compiled;
    }
    // Repetitions of a Unicode class may pass RE2's size limit where the ASCII class fits.
    return std::make_shared<RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
}

/// Runs `prepare` on each new needle and the prepared test on each row.
template <typename Prepare>
ScalarKernel varying_needle(bool negated, Prepare prepare) {
    return [negated, prepare](const EvalContext&, std::span<const ColumnPtr> args,
                              std::uint32_t rows) -> Result<ColumnPtr> {
        const BytesRows text(args[0]);
        const BytesRows needle(args[1]);
        FixedOut<std::uint8_t> out(rows);
        std::function<bool(std::string_view)> test =
            prepare(rows > 0 ? needle.value(0) : std::string_view());
        for (std::uint32_t i = 0; i < rows; ++i) {
            if (i > 0 && needle.value(i) != needle.value(i - 1)) {
                test = prepare(needle.value(i));
            }
            out.set(i, test(text.value(i)) != negated ? 1 : 0);
        }
        return out.finish(DataType::Bool);
    };
}

template <typename Test>
ScalarKernel constant_needle(bool negated, Test test) {
    return [negated, test](const EvalContext&, std::span<const ColumnPtr> args,
                           std::uint32_t rows) -> Result<ColumnPtr> {
        const BytesRows text(args[0]);
        FixedOut<std::uint8_t> out(rows);
        std::uint8_t* values = out.values();
        for (std::uint32_t i = 0; i < rows; ++i) {
            values[i] = test(text.value(i)) != negated ? 1 : 0;
        }
        return out.finish(DataType::Bool);
    };
}

std::string constant_text(const Scalar& value) {
    return cast_scalar(value, DataType::String).bytes();
}

Result<BoundCall> bind_regex(std::string_view op, std::span<const Argument> args) {
    const bool like = op.find("like") != std::string_view::npos;
    const bool negated = op[0] == '!' || op.substr(0, 3) == "not";
    const bool full = like;
    const auto prepare = [full](std::string_view pattern) {
        std::shared_ptr<const RE2> re = full ? compile(like_pattern(pattern)) : compile(pattern);
        return [re](std::string_view text) {
            return re->ok() && RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *re);
        };
    };
    BoundCall call;
    call.type = DataType::Bool;
    call.arg_types = {DataType::String, DataType::String};
    if (args[1].constant != nullptr) {
        const std::string pattern = constant_text(*args[1].constant);
        if (!full) {
            const auto re = compile(pattern);
            if (!re->ok()) {
                return semantic_error("SEM0420", "Regex pattern is ill-formed: " + re->error(),
                                      args[1].span);
            }
        }
        call.kernel = constant_needle(negated, prepare(pattern));
    } else {
        call.kernel = varying_needle(negated, prepare);
    }
    return call;
}

}  // namespace

bool is_string_operator(std::string_view op) {
    return find_text_operator(op) != nullptr || op == "matches regex" || op == "like" ||
           op == "!like" || op == "notlike";
}

Result<BoundCall> bind_string_operator(std::string_view op, std::span<const Argument> args) {
    for (const Argument& arg : args) {
        const bool fine = arg.type == DataType::String || arg.type == DataType::Dynamic ||
                          (op == "has" || op == "contains" || op == "!has" || op == "!contains" ||
                           op == "=~" || op == "!~");
        if (!fine) {
            return semantic_error("SEM0025",
                                  "Operator '" + std::string(op) + "' needs text, not " +
                                      std::string(columns::type_name(arg.type)),
                                  arg.span);
        }
    }
    const TextOperator* text_op = find_text_operator(op);
    if (text_op == nullptr) {
        return bind_regex(op, args);
    }
    BoundCall call;
    call.type = DataType::Bool;
    call.arg_types = {DataType::String, DataType::String};
    const TextTest test = text_op->test;
    const bool sensitive = text_op->case_sensitive;
    if (args[1].constant != nullptr) {
        auto matcher =
            std::make_shared<const TextMatcher>(test, constant_text(*args[1].constant), sensitive);
        call.kernel = constant_needle(
            text_op->negated, [matcher](std::string_view t) { return matcher->matches(t); });
    } else {
        call.kernel = varying_needle(text_op->negated, [test, sensitive](std::string_view n) {
            auto matcher = std::make_shared<const TextMatcher>(test, n, sensitive);
            return [matcher](std::string_view t) { return matcher->matches(t); };
        });
    }
    return call;
}

}  // namespace qd::kql
