#include "json_route.h"

namespace qd::server {

void add_json_route(net::Router& router, Status& status,
                    std::function<Status(const net::HttpRequest&)> authorize,
                    std::string_view method, std::string_view pattern, Work work) {
    Status added = router.add(method, pattern,
                              [authorize = std::move(authorize), work = std::move(work)](
                                  const net::HttpRequest& request, const net::HttpReply& reply) {
                                  if (Status allowed = authorize(request); !allowed.ok()) {
                                      reply.send(allowed.error());
                                      return;
                                  }
                                  Answer answer = work(request);
                                  if (!answer.ok()) {
                                      reply.send(answer.error());
                                      return;
                                  }
                                  reply.send(net::HttpResponse::json(200, answer.value()));
                              });
    if (status.ok() && !added.ok()) {
        status = std::move(added);
    }
}

Value list_of(std::string name, Array items) {
    Object object;
    object.set(std::move(name), std::move(items));
    return Value(std::move(object));
}

std::size_t limit_of(const net::HttpRequest& request) {
    const auto text = request.query_parameter("limit");
    std::size_t limit = 0;
    for (const char c : text.value_or("")) {
        if (c < '0' || c > '9' || limit > 1'000'000) {
            return 100;
        }
        limit = limit * 10 + static_cast<std::size_t>(c - '0');
    }
    return limit == 0 ? 100 : limit;
}

}  // namespace qd::server
