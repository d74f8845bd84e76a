#pragma once

#include "qd/base/check.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

namespace qd::columns {

/// Bytes that grow at the end. Unlike a vector it does not clear what is about to be written, and
/// large ones grow by moving their pages.
class ByteBuffer {
  public:
    ByteBuffer() = default;
    ByteBuffer(ByteBuffer&& other) noexcept
        : data_(std::move(other.data_)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    ByteBuffer& operator=(ByteBuffer&& other) noexcept {
        data_ = std::move(other.data_);
        size_ = std::exchange(other.size_, 0);
        capacity_ = std::exchange(other.capacity_, 0);
        return *this;
    }

    const std::uint8_t* data() const { return data_.get(); }
    std::size_t size() const { return size_; }
    void reserve(std::size_t bytes) {
        if (bytes > capacity_) {
            set_capacity(bytes);
        }
    }
    void append(const void* bytes, std::size_t count) {
        std::uint8_t* to = extend(count);
        if (count > 0) {
            std::memcpy(to, bytes, count);
        }
    }
    void append_zeros(std::size_t count) {
        std::uint8_t* to = extend(count);
        if (count > 0) {
            std::memset(to, 0, count);
        }
    }
    void push_back(std::uint8_t byte) { *extend(1) = byte; }
    void truncate(std::size_t size) { size_ = size; }

  private:
    struct Free {
        void operator()(std::uint8_t* bytes) const { std::free(bytes); }
    };
    /// Room for more bytes at the end, theirs to write.
    std::uint8_t* extend(std::size_t count) {
        if (count > capacity_ - size_) {
            constexpr std::size_t kFirst = 64;
            const std::size_t needed = size_ + count;
            const std::size_t doubled = 2 * capacity_;
            set_capacity(doubled > needed ? doubled : needed > kFirst ? needed : kFirst);
        }
        std::uint8_t* to = data_.get() + size_;
        size_ += count;
        return to;
    }
    void set_capacity(std::size_t bytes) {
        void* moved = std::realloc(data_.get(), bytes);
        QD_CHECK(moved != nullptr);
        static_cast<void>(data_.release());
        data_.reset(static_cast<std::uint8_t*>(moved));
        capacity_ = bytes;
    }

    std::unique_ptr<std::uint8_t, Free> data_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace qd::columns
