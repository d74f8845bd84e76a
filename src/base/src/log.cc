// The only file that knows spdlog. Events are JSON lines on standard error:
// {"ts":"…","level":"info","msg":"constant text","key":value,…}
#include "qd/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cmath>

namespace qd {

namespace {

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20) {
            static constexpr char kHex[] = "0123456789abcdef";
            out += "\\u00";
            out += kHex[byte >> 4];
            out += kHex[byte & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

spdlog::level::level_enum level_of(LogLevel level) {
    switch (level) {
        case LogLevel::Error:
            return spdlog::level::err;
        case LogLevel::Warn:
            return spdlog::level::warn;
        case LogLevel::Info:
            return spdlog::level::info;
        case LogLevel::Debug:
            return spdlog::level::debug;
    }
    return spdlog::level::info;
}

class JsonLog final : public Log {
  public:
    explicit JsonLog(LogLevel least)
        : logger_("qd", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
        logger_.set_pattern(R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
                            spdlog::pattern_time_type::utc);
        logger_.set_level(level_of(least));
        logger_.flush_on(spdlog::level::warn);
    }

    void write(LogLevel level, std::string_view message,
               std::initializer_list<LogField> fields) override {
        if (!logger_.should_log(level_of(level))) {
            return;
        }
        std::string line = "\"msg\":";
        append_quoted(line, message);
        for (const LogField& field : fields) {
            line += ',';
            append_quoted(line, field.key);
            line += ':';
            append_value(line, field);
        }
        logger_.log(level_of(level), spdlog::string_view_t(line.data(), line.size()));
    }

  private:
    static void append_value(std::string& line, const LogField& field) {
        if (const auto* text = std::get_if<std::string>(&field.value)) {
            append_quoted(line, *text);
        } else if (const auto* integer = std::get_if<std::int64_t>(&field.value)) {
            line += std::to_string(*integer);
        } else if (const auto* real = std::get_if<double>(&field.value)) {
            line += std::isfinite(*real) ? fmt::format("{}", *real) : "null";
        } else {
            line += std::get<bool>(field.value) ? "true" : "false";
        }
    }

    spdlog::logger logger_;
};

class NullLog final : public Log {
  public:
    void write(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

}  // namespace

std::unique_ptr<Log> make_json_log(LogLevel least) {
    return std::make_unique<JsonLog>(least);
}

std::unique_ptr<Log> make_null_log() {
    return std::make_unique<NullLog>();
}

}  // namespace qd
