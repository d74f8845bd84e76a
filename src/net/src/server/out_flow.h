#pragma once

#include "qd/base/result.h"

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace qd::net::internal {

/// Bytes on their way from any thread to a connection, with back-pressure: a writer may go on as
/// long as the unsent bytes are within the limit. The session takes what has gathered in one piece,
/// so many small chunks become few writes. Threads: any.
class OutFlow {
  public:
    /// `wake` asks the session to come and take(); called outside the lock.
    OutFlow(std::size_t limit_bytes, std::function<void()> wake)
        : limit_bytes_(limit_bytes), wake_(std::move(wake)) {}

    Status write(std::string_view bytes);
    void write_async(std::string_view bytes, std::function<void(Status)> done);
    /// `last` goes out behind what is queued, then ended() is true.
    void end(std::string_view last);
    bool failed() const;

    /// For the session. Moves out what is queued; false when there is nothing.
    bool take(std::string& bytes);
    /// The bytes last taken are with the kernel.
    void sent();
    /// Calls the waiting callbacks when there is room: always from the session, so that a producer
    /// that writes again in its callback does not recurse.
    void release();
    /// end() was called and everything has been taken.
    bool ended() const;
    /// Releases every waiting writer with NET0021.
    void fail();

  private:
    bool has_room() const { return queued_.size() + in_flight_bytes_ <= limit_bytes_; }

    const std::size_t limit_bytes_;
    const std::function<void()> wake_;
    mutable std::mutex mutex_;
    std::condition_variable room_;
    std::string queued_;
    std::size_t in_flight_bytes_ = 0;
    std::vector<std::function<void(Status)>> waiting_;
    bool ended_ = false;
    bool failed_ = false;
};

}  // namespace qd::net::internal
