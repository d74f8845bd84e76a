// JSON lines through spdlog, the only file that sees it. spdlog supplies the locked sink on
// standard error; the line is made here, because its pattern language cannot escape JSON.
#define SPDLOG_COMPILED_LIB
#define SPDLOG_SHARED_LIB
#include "qd/base/log.h"

#include "qd/base/clock.h"
#include "qd/base/utf8.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <charconv>
#include <cmath>

namespace qd {
namespace {

void append_quoted(std::string& out, std::string_view raw) {
    constexpr std::string_view kHex = "0123456789abcdef";
    out += '"';
    for (const char c : sanitize_utf8(raw)) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20 || byte == 0x7f) {
            out += "\\u00";
            out += kHex[byte >> 4];
            out += kHex[byte & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

struct AppendValue {
    std::string& out;
    void operator()(const std::string& text) const { append_quoted(out, text); }
    void operator()(std::int64_t number) const { out += std::to_string(number); }
    void operator()(bool flag) const { out += flag ? "true" : "false"; }
    void operator()(double number) const {
        if (!std::isfinite(number)) {
            out += "null";
            return;
        }
        char buffer[32];
        const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
        out.append(buffer, end);
    }
};

std::string_view level_name(LogLevel level) {
    switch (level) {
        case LogLevel::Error:
            return "error";
        case LogLevel::Warn:
            return "warn";
        case LogLevel::Info:
            return "info";
        case LogLevel::Debug:
            return "debug";
    }
    return "info";
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
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
        : logger_("qd", std::make_shared<spdlog::sinks::stderr_sink_mt>()), least_(least) {
        logger_.set_pattern("%v");
        logger_.set_level(spdlog_level(least));
        logger_.flush_on(spdlog::level::debug);
    }

    void write(LogLevel level, std::string_view message,
               std::initializer_list<LogField> fields) override {
        if (level > least_) {
            return;
        }
        std::string line = R"({"ts":")" + format_timestamp(clock_.utc()) + R"(","level":")";
        line += level_name(level);
        line += R"(","msg":)";
        append_quoted(line, message);
        for (const LogField& field : fields) {
            line += ',';
            append_quoted(line, field.key);
            line += ':';
            std::visit(AppendValue{line}, field.value);
        }
        line += '}';
        logger_.log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
    }

  private:
    spdlog::logger logger_;
    RealClock clock_;
    LogLevel least_;
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
