#include "qd/automation/ports.h"
#include "qd/net/http_client.h"

namespace qd::automation {
namespace {

class ClientSender final : public HttpSender {
  public:
    explicit ClientSender(net::HttpClient& client) : client_(client) {}

    void send(HttpCall call, Done done) override {
        net::ClientRequest request;
        request.redirects_max = call.method == "GET" || call.method == "HEAD" ? 10 : 0;
        request.method = std::move(call.method);
        request.url = std::move(call.url);
        for (auto& [name, value] : call.headers) {
            request.headers.add(std::move(name), std::move(value));
        }
        request.body = std::move(call.body);
        request.timeout_ms = call.timeout_ms;
        request.response_bytes_max = std::uint64_t{16} << 20U;
        request.accept_compressed = true;
        client_.send(std::move(request), [done](Result<net::ClientResponse> result) {
            if (!result.ok()) {
                done(std::move(result).error());
                return;
            }
            HttpAnswer answer;
            answer.status = result.value().status;
            answer.headers = result.value().headers.entries();
            answer.body = std::move(result.value().body);
            done(std::move(answer));
        });
    }

  private:
    net::HttpClient& client_;
};

}  // namespace

std::unique_ptr<HttpSender> make_http_sender(net::HttpClient& client) {
    return std::make_unique<ClientSender>(client);
}

}  // namespace qd::automation
