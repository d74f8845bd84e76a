#include "server/asio.h"

#include <boost/beast/src.hpp>
