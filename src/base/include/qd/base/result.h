#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace qd {

/// Canonical error codes. The numbers are gRPC's, so an error crosses a wire unmapped.
/// Source: grpc/doc/statuscodes.md.
enum class Code : std::uint8_t {
    Ok = 0,
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
};

/// "INVALID_ARGUMENT" and so on.
std::string_view code_name(Code code);

/// The HTTP status an error becomes when an API prescribes none of its own.
int http_status(Code code);

/// A place in a text: byte offset and length.
struct TextSpan {
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
};

/// What went wrong, as a value: a canonical code, a stable id such as "KQL0104" (its page is
/// docs/reference/errors.md), a message, and optionally the place in the text it is about.
/// Messages: static text first, values last, no trailing period.
/// One pointer wide; nothing is allocated unless something fails.
class [[nodiscard]] Error {
  public:
    Error(Code code, std::string_view id, std::string message);
    Error(Error&&) noexcept = default;
    Error& operator=(Error&&) noexcept = default;
    Error(const Error& other);
    Error& operator=(const Error& other);
    ~Error() = default;

    Code code() const { return payload_->code; }
    const std::string& id() const { return payload_->id; }
    const std::string& message() const { return payload_->message; }
    std::optional<TextSpan> span() const { return payload_->span; }
    std::optional<std::int64_t> retry_after_ms() const { return payload_->retry_after_ms; }

    /// "KQL0104: message"; what a person reads.
    std::string text() const;

    /// Puts what was being done in front of the message: "reading rule x: message".
    Error with_context(std::string_view doing) &&;
    Error with_span(TextSpan span) &&;
    Error with_retry_after_ms(std::int64_t ms) &&;

  private:
    struct Payload {
        Code code;
        std::string id;
        std::string message;
        std::optional<TextSpan> span;
        std::optional<std::int64_t> retry_after_ms;
    };
    std::unique_ptr<Payload> payload_;
};
static_assert(sizeof(Error) == sizeof(void*));

[[noreturn]] void abort_on_bad_result(const Error* error);

/// A value or an Error. Reading the value of a failed result aborts: check ok() or use QD_TRY.
template <typename T>
class [[nodiscard]] Result {
  public:
    using value_type = T;

    Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)
    template <typename U = T>
        requires(std::is_constructible_v<T, U &&> && !std::is_same_v<std::decay_t<U>, Error> &&
                 !std::is_same_v<std::decay_t<U>, Result>)
    Result(U&& value) : value_(std::forward<U>(value)) {}  // NOLINT(google-explicit-constructor)

    bool ok() const { return value_.has_value(); }
    const Error& error() const& {
        if (ok()) {
            abort_on_bad_result(nullptr);
        }
        return *error_;
    }
    Error error() && {
        if (ok()) {
            abort_on_bad_result(nullptr);
        }
        return std::move(*error_);
    }
    T& value() & { return checked(); }
    const T& value() const& {
        if (!ok()) {
            abort_on_bad_result(&*error_);
        }
        return *value_;
    }
    T value() && { return std::move(checked()); }
    T* operator->() { return &checked(); }
    T& operator*() & { return checked(); }

    /// Adds context to a failure; a success passes through.
    Result with(std::string_view doing) && {
        if (!ok()) {
            return std::move(*error_).with_context(doing);
        }
        return std::move(*this);
    }
    void ignore(std::string_view why) const { static_cast<void>(why); }

  private:
    T& checked() {
        if (!ok()) {
            abort_on_bad_result(&*error_);
        }
        return *value_;
    }
    std::optional<T> value_;
    std::optional<Error> error_;
};

/// Success or an Error.
template <>
class [[nodiscard]] Result<void> {
  public:
    using value_type = void;

    Result() = default;
    Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)
    bool ok() const { return !error_.has_value(); }
    const Error& error() const& {
        if (ok()) {
            abort_on_bad_result(nullptr);
        }
        return *error_;
    }
    Error error() && {
        if (ok()) {
            abort_on_bad_result(nullptr);
        }
        return std::move(*error_);
    }
    Result with(std::string_view doing) && {
        if (!ok()) {
            return std::move(*error_).with_context(doing);
        }
        return {};
    }
    void ignore(std::string_view why) const { static_cast<void>(why); }

  private:
    std::optional<Error> error_;
};

using Status = Result<void>;

inline Status ok_status() {
    return {};
}

}  // namespace qd

#define QD_CONCAT_INNER(a, b) a##b
#define QD_CONCAT(a, b) QD_CONCAT_INNER(a, b)

/// QD_TRY(auto x, expression); declares x from the value or returns the error.
#define QD_TRY(declaration, ...)                                   \
    auto QD_CONCAT(qd_result_, __LINE__) = (__VA_ARGS__);          \
    if (!QD_CONCAT(qd_result_, __LINE__).ok()) {                   \
        return std::move(QD_CONCAT(qd_result_, __LINE__)).error(); \
    }                                                              \
    declaration = std::move(QD_CONCAT(qd_result_, __LINE__)).value()

/// QD_CHECK_OK(status); returns the error when there is one.
#define QD_CHECK_OK(...)                                       \
    do {                                                       \
        if (auto qd_status = (__VA_ARGS__); !qd_status.ok()) { \
            return std::move(qd_status).error();               \
        }                                                      \
    } while (false)
