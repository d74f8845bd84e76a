#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace qd {

/// error: a human must act; warn: degraded; info: state change; debug: support.
enum class LogLevel : std::uint8_t { Error, Warn, Info, Debug };

struct LogField {
    std::string_view key;
    std::variant<std::string, std::int64_t, double, bool> value;
};

/// A sink of structured events. The message is a constant text; what varies goes into fields.
/// Secrets have a type (crypto::Secret) that cannot be put into a field. Threads: any.
class Log {
  public:
    virtual ~Log() = default;
    virtual void write(LogLevel level, std::string_view message,
                       std::initializer_list<LogField> fields) = 0;

    void error(std::string_view message, std::initializer_list<LogField> fields = {}) {
        write(LogLevel::Error, message, fields);
    }
    void warn(std::string_view message, std::initializer_list<LogField> fields = {}) {
        write(LogLevel::Warn, message, fields);
    }
    void info(std::string_view message, std::initializer_list<LogField> fields = {}) {
        write(LogLevel::Info, message, fields);
    }
    void debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
        write(LogLevel::Debug, message, fields);
    }
};

/// JSON lines on standard error, through spdlog.
std::unique_ptr<Log> make_json_log(LogLevel least);
/// Drops everything.
std::unique_ptr<Log> make_null_log();

}  // namespace qd
