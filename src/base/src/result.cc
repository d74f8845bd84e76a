#include "qd/base/result.h"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace qd {

namespace {

struct CodeFacts {
    std::string_view name;
    int http;
};

constexpr std::array<CodeFacts, 17> kCodes = {{
    {"OK", 200},
    {"CANCELLED", 499},
    {"UNKNOWN", 500},
    {"INVALID_ARGUMENT", 400},
    {"DEADLINE_EXCEEDED", 504},
    {"NOT_FOUND", 404},
    {"ALREADY_EXISTS", 409},
    {"PERMISSION_DENIED", 403},
    {"RESOURCE_EXHAUSTED", 429},
    {"FAILED_PRECONDITION", 400},
    {"ABORTED", 409},
    {"OUT_OF_RANGE", 400},
    {"UNIMPLEMENTED", 501},
    {"INTERNAL", 500},
    {"UNAVAILABLE", 503},
    {"DATA_LOSS", 500},
    {"UNAUTHENTICATED", 401},
}};

}  // namespace

std::string_view code_name(Code code) {
    return kCodes[static_cast<std::size_t>(code)].name;
}

int http_status(Code code) {
    return kCodes[static_cast<std::size_t>(code)].http;
}

Error::Error(Code code, std::string_view id, std::string message)
    : payload_(std::make_unique<Payload>(Payload{.code = code,
                                                 .id = std::string(id),
                                                 .message = std::move(message),
                                                 .span = std::nullopt,
                                                 .retry_after_ms = std::nullopt})) {}

Error::Error(const Error& other) : payload_(std::make_unique<Payload>(*other.payload_)) {}

Error& Error::operator=(const Error& other) {
    if (this != &other) {
        payload_ = std::make_unique<Payload>(*other.payload_);
    }
    return *this;
}

std::string Error::text() const {
    return payload_->id + ": " + payload_->message;
}

Error Error::with_context(std::string_view doing) && {
    payload_->message = std::string(doing) + ": " + payload_->message;
    return std::move(*this);
}

Error Error::with_span(TextSpan span) && {
    payload_->span = span;
    return std::move(*this);
}

Error Error::with_retry_after_ms(std::int64_t ms) && {
    payload_->retry_after_ms = ms;
    return std::move(*this);
}

void abort_on_bad_result(const Error* error) {
    if (error != nullptr) {
        std::fprintf(stderr, "value of a failed result was used: %s\n", error->text().c_str());
    } else {
        std::fprintf(stderr, "error of a successful result was used\n");
    }
    std::abort();
}

}  // namespace qd
