// One thread drives all transfers through libcurl's multi interface; send() only queues and wakes
// it. Redirects are followed here, hop by hop, not by libcurl: every hop must pass the caller's
// allow_host before a connection is made, and credentials must not cross origins. Addresses are
// judged after name resolution, in libcurl's open-socket hook, because a name can change between a
// check and the connection (DNS rebinding).
#include "qd/net/http_client.h"

#include "qd/base/check.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace qd::net {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kHeaderBytesMax = 256 * 1024;

struct SlistFree {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct EasyFree {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct UrlFree {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Slist = std::unique_ptr<curl_slist, SlistFree>;
using Easy = std::unique_ptr<CURL, EasyFree>;
using Url = std::unique_ptr<CURLU, UrlFree>;

std::string url_part(CURLU* url, CURLUPart part, unsigned int flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK) {
        return {};
    }
    std::string out(text);
    curl_free(text);
    return out;
}

struct Origin {
    std::string scheme;
    std::string host;
    std::uint16_t port = 0;
    bool operator==(const Origin&) const = default;
    std::string text() const { return scheme + "://" + host + ":" + std::to_string(port); }
};

Result<Origin> origin_of(CURLU* url) {
    Origin origin;
    origin.scheme = url_part(url, CURLUPART_SCHEME);
    origin.host = url_part(url, CURLUPART_HOST);
    for (char& c : origin.host) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    }
    const std::string port = url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    if ((origin.scheme != "http" && origin.scheme != "https") || origin.host.empty() ||
        port.empty()) {
        return Error(Code::InvalidArgument, "NET0301", "URL is neither http nor https");
    }
    origin.port = static_cast<std::uint16_t>(std::stoul(port));
    return origin;
}

Error error_of(CURLcode code, const char* detail, const Origin& origin) {
    std::string text = ": ";
    text += detail[0] != '\0' ? detail : curl_easy_strerror(code);
    text += " (" + origin.text() + ")";
    switch (code) {
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_URL_MALFORMAT:
        case CURLE_BAD_FUNCTION_ARGUMENT:
            return Error(Code::InvalidArgument, "NET0301", "request cannot be sent" + text);
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
            return Error(Code::Unavailable, "NET0302", "host name is not known" + text);
        case CURLE_OPERATION_TIMEDOUT:
            return Error(Code::DeadlineExceeded, "NET0305", "request timed out" + text);
        case CURLE_PEER_FAILED_VERIFICATION:
            return Error(Code::PermissionDenied, "NET0304", "server certificate refused" + text);
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_SHUTDOWN_FAILED:
            return Error(Code::Unavailable, "NET0304", "TLS failed" + text);
        default:
            return Error(Code::Unavailable, "NET0303", "no answer" + text);
    }
}

struct Transfer {
    ClientRequest request;
    HttpClient::Callback callback;
    const HttpClientOptions* options = nullptr;
    SteadyClock::time_point deadline;
    Easy easy;
    Slist header_list;
    Origin origin;
    ClientResponse response;
    int redirects = 0;
    std::size_t header_bytes = 0;
    bool too_large = false;
    bool address_refused = false;
    std::array<char, CURL_ERROR_SIZE> detail{};
};

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    const std::size_t bytes = size * count;
    std::string_view line(data, bytes);
    transfer.header_bytes += bytes;
    if (transfer.header_bytes > kHeaderBytesMax) {
        transfer.too_large = true;
        return 0;
    }
    if (line.starts_with("HTTP/")) {  // a new head: 100 Continue came before
        transfer.response.headers = {};
        return bytes;
    }
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) {
        line.remove_suffix(1);
    }
    const std::size_t colon = line.find(':');
    if (colon == line.npos) {
        return bytes;
    }
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) {
        value.remove_prefix(1);
    }
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) {
        value.remove_suffix(1);
    }
    transfer.response.headers.add(std::string(line.substr(0, colon)), std::string(value));
    return bytes;
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    const std::size_t bytes = size * count;
    if (transfer.response.body.size() + bytes > transfer.request.response_bytes_max) {
        transfer.too_large = true;
        return 0;
    }
    transfer.response.body.append(data, bytes);
    return bytes;
}

curl_socket_t on_open_socket(void* user, curlsocktype, curl_sockaddr* address) {
    auto& transfer = *static_cast<Transfer*>(user);
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* bytes = nullptr;
    if (address->family == AF_INET) {
        bytes = &reinterpret_cast<const sockaddr_in*>(&address->addr)->sin_addr;
    } else if (address->family == AF_INET6) {
        bytes = &reinterpret_cast<const sockaddr_in6*>(&address->addr)->sin6_addr;
    }
    if (bytes == nullptr ||
        inet_ntop(address->family, bytes, text.data(), static_cast<socklen_t>(text.size())) ==
            nullptr ||
        !transfer.options->allow_address(text.data())) {
        transfer.address_refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

bool is_field_text(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos;
}

curl_blob blob_of(std::string_view bytes) {
    // libcurl copies at once (CURL_BLOB_COPY), the pointer is never written through.
    return {const_cast<char*>(bytes.data()), bytes.size(), CURL_BLOB_COPY};
}

class CurlClient final : public HttpClient {
  public:
    CurlClient(HttpClientOptions options, CURLM* multi)
        : options_(std::move(options)), multi_(multi), thread_([this] { run(); }) {}

    ~CurlClient() override {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        curl_multi_wakeup(multi_);
        thread_.join();
        curl_multi_cleanup(multi_);
    }

    void send(ClientRequest request, Callback callback) override {
        auto transfer = std::make_unique<Transfer>();
        transfer->deadline = SteadyClock::now() + std::chrono::milliseconds(std::max<std::int64_t>(
                                                      request.timeout_ms, 1));
        transfer->request = std::move(request);
        transfer->callback = std::move(callback);
        transfer->options = &options_;
        {
            const std::lock_guard lock(mutex_);
            queued_.push_back(std::move(transfer));
        }
        curl_multi_wakeup(multi_);
    }

  private:
    void run() {
        // OpenSSL writes to a socket that the peer has closed without MSG_NOSIGNAL.
        sigset_t pipe_only;
        sigemptyset(&pipe_only);
        sigaddset(&pipe_only, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe_only, nullptr);
        while (take_queued()) {
            int running = 0;
            curl_multi_perform(multi_, &running);
            finish_done();
            curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
        }
        for (auto& [easy, transfer] : running_) {
            curl_multi_remove_handle(multi_, easy);
            cancel(*transfer);
        }
        running_.clear();
    }

    static void cancel(const Transfer& transfer) {
        transfer.callback(Error(Code::Cancelled, "NET0309", "the client is closing"));
    }

    bool take_queued() {
        std::vector<std::unique_ptr<Transfer>> fresh;
        bool stop = false;
        {
            const std::lock_guard lock(mutex_);
            fresh.swap(queued_);
            stop = stopping_;
        }
        for (auto& transfer : fresh) {
            if (stop) {
                cancel(*transfer);
                continue;
            }
            start(std::move(transfer), "");
        }
        return !stop;
    }

    /// Begins a hop; `location` is empty for the first one.
    void start(std::unique_ptr<Transfer> transfer, const std::string& location) {
        Status ready = prepare(*transfer, location);
        if (!ready.ok()) {
            transfer->callback(std::move(ready).error());
            return;
        }
        CURL* const easy = transfer->easy.get();
        if (curl_multi_add_handle(multi_, easy) != CURLM_OK) {
            transfer->callback(Error(Code::Internal, "NET0303", "transfer could not be started"));
            return;
        }
        running_.emplace(easy, std::move(transfer));
    }

    Status prepare(Transfer& transfer, const std::string& location) {
        const Url url(curl_url());
        if (curl_url_set(url.get(), CURLUPART_URL, transfer.request.url.c_str(), 0) != CURLUE_OK ||
            (!location.empty() &&
             curl_url_set(url.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK)) {
            return Error(Code::InvalidArgument, "NET0301", "malformed URL");
        }
        QD_TRY(Origin origin, origin_of(url.get()));
        if (!location.empty()) {
            if (transfer.origin.scheme == "https" && origin.scheme == "http") {
                return Error(Code::PermissionDenied, "NET0307",
                             "redirect from https to http: " + origin.text());
            }
            if (!(origin == transfer.origin)) {
                transfer.request.headers.remove("Authorization");
                transfer.request.headers.remove("Cookie");
                transfer.request.headers.remove("Proxy-Authorization");
                transfer.request.headers.remove("Host");
            }
        }
        transfer.origin = std::move(origin);
        transfer.request.url = url_part(url.get(), CURLUPART_URL);
        if (transfer.request.allow_host) {
            QD_CHECK_OK(transfer.request.allow_host(transfer.origin.host, transfer.origin.port));
        }
        transfer.response = {};
        transfer.header_bytes = 0;
        return fill(transfer);
    }

    Status fill(Transfer& transfer) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(transfer.deadline -
                                                                                SteadyClock::now())
                              .count();
        if (left <= 0) {
            return Error(Code::DeadlineExceeded, "NET0305",
                         "request timed out: " + transfer.origin.text());
        }
        transfer.easy.reset(curl_easy_init());
        CURL* const easy = transfer.easy.get();
        QD_CHECK(easy != nullptr);
        const ClientRequest& request = transfer.request;
        curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(left));
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                         static_cast<long>(std::max<std::int64_t>(
                             1, std::min<std::int64_t>(left, request.connect_timeout_ms))));
        curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.detail.data());
        curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
        curl_easy_setopt(easy, CURLOPT_USERAGENT, options_.user_agent.c_str());
        curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
        if (request.accept_compressed) {
            curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
        }
        if (!options_.proxy.empty()) {
            curl_easy_setopt(easy, CURLOPT_PROXY, options_.proxy.c_str());
        } else if (!options_.environment_proxy) {
            curl_easy_setopt(easy, CURLOPT_PROXY, "");
        }
        if (options_.allow_address) {
            curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
            curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &transfer);
        }
        fill_tls(easy, request);
        return fill_message(transfer);
    }

    static void fill_tls(CURL* easy, const ClientRequest& request) {
        curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        if (!request.ca_pem.empty()) {
            curl_blob blob = blob_of(request.ca_pem);
            curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
            curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
        }
        if (!request.client_certificate_pem.empty()) {
            curl_blob certificate = blob_of(request.client_certificate_pem);
            curl_blob key = blob_of(request.client_key_pem.reveal());
            curl_easy_setopt(easy, CURLOPT_SSLCERTTYPE, "PEM");
            curl_easy_setopt(easy, CURLOPT_SSLCERT_BLOB, &certificate);
            curl_easy_setopt(easy, CURLOPT_SSLKEYTYPE, "PEM");
            curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, &key);
        }
    }

    static Status fill_message(Transfer& transfer) {
        CURL* const easy = transfer.easy.get();
        const ClientRequest& request = transfer.request;
        if (request.method.empty() || !is_field_text(request.method) ||
            request.method.find(' ') != std::string::npos) {
            return Error(Code::InvalidArgument, "NET0301", "malformed method");
        }
        if (request.method == "HEAD") {
            curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        } else if (!request.body.empty() ||
                   (request.method != "GET" && request.method != "DELETE" &&
                    request.method != "OPTIONS")) {
            curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                             static_cast<curl_off_t>(request.body.size()));
            curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
        }
        if (request.method != "HEAD") {
            curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
        }
        // libcurl's own additions to a POST are switched off unless the caller names them.
        curl_slist* list = nullptr;
        const auto append = [&](const std::string& line) {
            list = curl_slist_append(list, line.c_str());
        };
        for (const char* name : {"Expect", "Content-Type"}) {
            if (!request.headers.has(name)) {
                append(std::string(name) + ":");
            }
        }
        bool sound = true;
        for (const auto& [name, value] : request.headers.entries()) {
            sound = sound && !name.empty() && is_field_text(name) && is_field_text(value);
            append(value.empty() ? name + ";" : name + ": " + value);
        }
        transfer.header_list.reset(list);
        if (!sound) {
            return Error(Code::InvalidArgument, "NET0301", "line break in a header");
        }
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
        return {};
    }

    void finish_done() {
        int left = 0;
        while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
            if (message->msg != CURLMSG_DONE) {
                continue;
            }
            CURL* const easy = message->easy_handle;
            const CURLcode code = message->data.result;
            auto node = running_.extract(easy);
            curl_multi_remove_handle(multi_, easy);
            if (!node.empty()) {
                finish(std::move(node.mapped()), code);
            }
        }
    }

    void finish(std::unique_ptr<Transfer> transfer, CURLcode code) {
        if (code != CURLE_OK) {
            transfer->callback(failure_of(*transfer, code));
            return;
        }
        long status = 0;
        curl_easy_getinfo(transfer->easy.get(), CURLINFO_RESPONSE_CODE, &status);
        transfer->response.status = static_cast<int>(status);
        transfer->response.url = transfer->request.url;
        const std::string* location = transfer->response.headers.find("Location");
        const bool redirect =
            location != nullptr &&
            (status == 301 || status == 302 || status == 303 || status == 307 || status == 308);
        if (!redirect || transfer->request.redirects_max == 0) {
            transfer->callback(std::move(transfer->response));
            return;
        }
        if (++transfer->redirects > transfer->request.redirects_max) {
            transfer->callback(Error(Code::FailedPrecondition, "NET0308",
                                     "too many redirects: " + transfer->origin.text()));
            return;
        }
        ClientRequest& request = transfer->request;
        const bool to_get = (status == 303 && request.method != "HEAD") ||
                            ((status == 301 || status == 302) && request.method == "POST");
        if (to_get) {
            request.method = "GET";
            request.body.clear();
            request.headers.remove("Content-Type");
            request.headers.remove("Content-Length");
            request.headers.remove("Content-Encoding");
        }
        const std::string target = *location;
        start(std::move(transfer), target);
    }

    static Error failure_of(const Transfer& transfer, CURLcode code) {
        if (transfer.too_large) {
            return Error(Code::ResourceExhausted, "NET0306",
                         "answer is larger than allowed: " + transfer.origin.text());
        }
        if (transfer.address_refused) {
            return Error(Code::PermissionDenied, "NET0307",
                         "address is not allowed: " + transfer.origin.text());
        }
        return error_of(code, transfer.detail.data(), transfer.origin);
    }

    const HttpClientOptions options_;
    CURLM* const multi_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Transfer>> queued_;
    bool stopping_ = false;
    std::unordered_map<CURL*, std::unique_ptr<Transfer>> running_;  // the thread's own
    std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<HttpClient>> HttpClient::create(HttpClientOptions options) {
    static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM* multi = initialised == CURLE_OK ? curl_multi_init() : nullptr;
    if (multi == nullptr) {
        return Error(Code::Internal, "NET0303", "HTTP client could not be started");
    }
    curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                      static_cast<long>(options.connections_per_host_max));
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(options.idle_connections_max));
    return std::unique_ptr<HttpClient>(std::make_unique<CurlClient>(std::move(options), multi));
}

Result<ClientResponse> HttpClient::call(ClientRequest request) {
    struct Answer {
        std::mutex mutex;
        std::condition_variable ready;
        std::optional<Result<ClientResponse>> result;
    };
    auto answer = std::make_shared<Answer>();
    send(std::move(request), [answer](Result<ClientResponse> result) {
        const std::lock_guard lock(answer->mutex);
        answer->result.emplace(std::move(result));
        answer->ready.notify_one();
    });
    std::unique_lock lock(answer->mutex);
    answer->ready.wait(lock, [&] { return answer->result.has_value(); });
    return std::move(*answer->result);
}

}  // namespace qd::net
