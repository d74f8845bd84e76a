// The outbox: deliveries are rows committed with the alert they belong to, so an alert without its
// delivery, or a delivery without its alert, cannot exist. A delivery is at-least-once: one that
// was sent but not recorded when the process died is sent again with the same Idempotency-Key.
// Schedule (public documentation of action groups): on 408, 429, 503, 504 or no answer up to five
// retries after 5, 20, 5, 40 and 5 seconds; then the endpoint is left alone for 15 minutes. What
// failed for good is a dead letter, kept for replay.

#include "outbox.h"

#include "qd/codec/base64.h"
#include "qd/codec/json.h"
#include "qd/crypto/hash.h"

#include <algorithm>
#include <map>

namespace qd::alerting {

namespace {

constexpr std::int64_t kRetryAfterSeconds[] = {5, 20, 5, 40, 5};
constexpr std::int64_t kRetries = 5;
constexpr Ticks kEndpointPause{15 * Ticks::kMinute};
constexpr std::int64_t kBatch = 64;
constexpr std::size_t kRowsPerFlush = 500;

bool is_transient(int status) {
    return status == 408 || status == 429 || status == 503 || status == 504;
}

bool is_transient(const Error& error) {
    return error.code() == Code::Unavailable || error.code() == Code::ResourceExhausted ||
           error.code() == Code::DeadlineExceeded || error.code() == Code::Aborted;
}

}  // namespace

Result<std::vector<Outbox::Pending>> Outbox::due(Timestamp now) {
    std::vector<Pending> batch;
    Status loaded = ports_.store.read([&](store::Transaction& tx) -> Status {
        QD_TRY(auto rows,
               tx.query("SELECT d.id, d.kind, d.target, d.body, d.attempts FROM "
                        "alerting_deliveries d LEFT JOIN alerting_endpoints e ON e.target = "
                        "d.target WHERE d.state = 'pending' AND d.next_at <= ?1 AND "
                        "(e.paused_until IS NULL OR e.paused_until <= ?1) "
                        "ORDER BY d.next_at, d.id LIMIT ?2",
                        {now.ticks, kBatch}));
        while (true) {
            QD_TRY(const bool more, rows->step());
            if (!more) {
                return ok_status();
            }
            Pending one;
            one.id = std::string(rows->text(0));
            one.kind = std::string(rows->text(1));
            one.target = std::string(rows->text(2));
            one.body = std::string(rows->text(3));
            one.attempts = rows->integer(4);
            batch.push_back(std::move(one));
        }
    });
    QD_CHECK_OK(std::move(loaded));
    return batch;
}

void Outbox::post(Pending& delivery, Timestamp now) {
    WebhookRequest request;
    request.url = delivery.target;
    request.body = delivery.body;
    request.headers = {{"Content-Type", "application/json; charset=utf-8"},
                       {"Idempotency-Key", delivery.id}};
    if (!options_.signing_key.empty()) {
        const std::string at = std::to_string(now.unix_seconds());
        request.headers.emplace_back(
            "X-Qd-Signature", "t=" + at + ",v1=" +
                                  codec::hex_encode(crypto::hmac_sha256(
                                      options_.signing_key.reveal(), at + "." + delivery.body)));
    }
    const auto answer = ports_.webhooks.post(request);
    if (!answer.ok()) {
        delivery.retry = true;
        delivery.error = answer.error().text();
        return;
    }
    const int status = answer.value().status;
    delivery.done = status >= 200 && status < 300;
    delivery.retry = is_transient(status);
    if (!delivery.done) {
        delivery.error = "endpoint answered " + std::to_string(status);
    }
}

void Outbox::start_workflow(Pending& delivery) {
    if (ports_.actions == nullptr) {
        delivery.error = "no workflow engine";
        return;
    }
    auto payload = codec::parse_json(delivery.body);
    if (!payload.ok()) {
        delivery.error = payload.error().text();
        return;
    }
    const auto run = ports_.actions->start_workflow(delivery.target, payload.value(), delivery.id);
    delivery.done = run.ok();
    if (!run.ok()) {
        delivery.retry = is_transient(run.error());
        delivery.error = run.error().text();
    }
}

void Outbox::attempt(Pending& delivery, Timestamp now) {
    ++delivery.attempts;
    if (delivery.kind == "webhookReceivers") {
        post(delivery, now);
    } else {
        start_workflow(delivery);
    }
}

Status Outbox::record(const std::vector<Pending>& batch, Timestamp now, RunSummary& summary) {
    std::uint64_t delivered = 0;
    std::uint64_t dead = 0;
    Status written = ports_.store.write([&](store::Transaction& tx) -> Status {
        delivered = dead = 0;
        for (const Pending& one : batch) {
            std::string_view state = "pending";
            Timestamp next = now;
            if (one.done) {
                state = "delivered";
                ++delivered;
            } else if (one.retry && one.attempts <= kRetries) {
                next = now + Ticks{kRetryAfterSeconds[one.attempts - 1] * Ticks::kSecond};
            } else {
                state = "dead";
                ++dead;
                if (one.retry) {
                    QD_CHECK_OK(
                        tx.run("INSERT INTO alerting_endpoints (target, paused_until) "
                               "VALUES (?1, ?2) ON CONFLICT (target) DO UPDATE SET "
                               "paused_until = excluded.paused_until",
                               {one.target, (now + kEndpointPause).ticks}));
                }
            }
            QD_CHECK_OK(
                tx.run("UPDATE alerting_deliveries SET state = ?2, attempts = ?3, "
                       "next_at = ?4, last_error = ?5 WHERE id = ?1",
                       {one.id, state, one.attempts, next.ticks, one.error}));
        }
        return ok_status();
    });
    QD_CHECK_OK(std::move(written));
    summary.delivered += delivered;
    summary.dead += dead;
    for (const Pending& one : batch) {
        if (!one.done) {
            ports_.log.warn("alert delivery failed",
                            {{"delivery", one.id}, {"attempt", one.attempts}, {"why", one.error}});
        }
    }
    return ok_status();
}

Status Outbox::flush_rows() {
    while (true) {
        std::vector<std::string> ids;
        std::map<std::string, std::vector<Value>> tables;
        Status loaded = ports_.store.read([&](store::Transaction& tx) -> Status {
            QD_TRY(auto rows, tx.query("SELECT id, target, body FROM alerting_rows LIMIT ?1",
                                       {kRowsPerFlush}));
            while (true) {
                QD_TRY(const bool more, rows->step());
                if (!more) {
                    return ok_status();
                }
                QD_TRY(Value row, codec::parse_json(rows->text(2)));
                ids.emplace_back(rows->text(0));
                tables[std::string(rows->text(1))].push_back(std::move(row));
            }
        });
        QD_CHECK_OK(std::move(loaded));
        if (ids.empty()) {
            return ok_status();
        }
        for (const auto& [table, rows] : tables) {
            QD_CHECK_OK(ports_.rows.append(table, rows));
        }
        Status written = ports_.store.write([&](store::Transaction& tx) -> Status {
            for (const std::string& id : ids) {
                QD_CHECK_OK(tx.run("DELETE FROM alerting_rows WHERE id = ?1", {id}));
            }
            return ok_status();
        });
        QD_CHECK_OK(std::move(written));
    }
}

Result<RunSummary> Outbox::deliver(Timestamp now) {
    const std::lock_guard lock(delivering_);
    RunSummary summary;
    if (!maybe_due_.exchange(false)) {
        return summary;
    }
    if (const Status rows = flush_rows(); !rows.ok()) {
        maybe_due_.store(true);
        ports_.log.warn("alert rows not written yet", {{"why", rows.error().text()}});
    }
    while (true) {
        auto batch = due(now);
        if (!batch.ok()) {
            maybe_due_.store(true);
            return std::move(batch).error();
        }
        std::vector<Pending>& deliveries = batch.value();
        if (deliveries.empty()) {
            break;
        }
        std::atomic<std::size_t> next{0};
        const std::size_t workers =
            std::min(deliveries.size(), std::max<std::size_t>(1, ports_.executor.concurrency()));
        run_parallel(ports_.executor, workers, [&](std::size_t) {
            for (std::size_t i = next++; i < deliveries.size(); i = next++) {
                attempt(deliveries[i], now);
            }
        });
        if (auto status = record(deliveries, now, summary); !status.ok()) {
            maybe_due_.store(true);
            return std::move(status).error();
        }
    }
    const auto pending = next_due();
    if (!pending.ok() || pending.value().has_value()) {
        maybe_due_.store(true);
    }
    return summary;
}

Result<std::optional<Timestamp>> Outbox::next_due() {
    std::optional<Timestamp> at;
    Status loaded = ports_.store.read([&](store::Transaction& tx) -> Status {
        // A paused endpoint's deliveries are due when the pause ends.
        QD_TRY(const auto next,
               tx.integer("SELECT MIN(CASE WHEN e.paused_until > d.next_at THEN e.paused_until "
                          "ELSE d.next_at END) FROM alerting_deliveries d LEFT JOIN "
                          "alerting_endpoints e ON e.target = d.target WHERE d.state = "
                          "'pending'"));
        if (next.has_value()) {
            at = Timestamp{*next};
        }
        return ok_status();
    });
    QD_CHECK_OK(std::move(loaded));
    return at;
}

}  // namespace qd::alerting
