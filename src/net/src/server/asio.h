#pragma once

// Every file of ours that includes Asio or Beast does so through here: their non-template code is
// compiled once, in asio_impl.cc.
#define BOOST_ASIO_SEPARATE_COMPILATION
#define BOOST_ASIO_NO_DEPRECATED
#define BOOST_BEAST_SEPARATE_COMPILATION

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace qd::net::internal {
namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;
using Tcp = boost::asio::ip::tcp;
}  // namespace qd::net::internal
