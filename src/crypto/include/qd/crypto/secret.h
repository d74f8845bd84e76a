#pragma once

#include <string>
#include <string_view>

namespace qd::crypto {

/// Equal without telling by the time taken where two texts differ (their lengths may be told).
bool constant_time_equal(std::string_view a, std::string_view b);

/// Overwrites the bytes in a way the compiler cannot drop, then clears.
void wipe(std::string& bytes);

/// A key, password or token. Has no operator<< and converts to nothing, so that it cannot slip
/// into a message or a log field; the only way out is reveal(), which greps. The bytes are wiped
/// on destruction and assignment.
class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string bytes) : bytes_(std::move(bytes)) {}
    Secret(const Secret&) = default;
    Secret(Secret&& other) noexcept;
    Secret& operator=(const Secret& other);
    Secret& operator=(Secret&& other) noexcept;
    ~Secret();

    std::string_view reveal() const { return bytes_; }
    bool empty() const { return bytes_.empty(); }
    /// Constant-time.
    bool operator==(const Secret& other) const { return equals(other.bytes_); }
    bool equals(std::string_view presented) const { return constant_time_equal(bytes_, presented); }

  private:
    std::string bytes_;
};

}  // namespace qd::crypto
