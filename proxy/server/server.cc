// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/server.h"
#include "proxy/server/worker.h"

#include <sys/resource.h>

#include <unistd.h>

#include <algorithm>
#include <thread>
#include <utility>
#include <variant>

#include "base/log.h"
#include "base/socket.h"

namespace understudy {
namespace {

std::size_t worker_count(const config::Config& config) {
  const std::size_t wanted =
      config.workers > 0 ? config.workers : std::thread::hardware_concurrency();
  return std::clamp<std::size_t>(wanted, 1, kWorkersMax);
}

}  // namespace

Result<std::unique_ptr<Server>> Server::open(EventLoop& loop, Options options) {
  std::unique_ptr<Server> server(new Server(loop, std::move(options)));
  if (auto listening = server->listen(); !listening) return std::move(listening).error();
  auto snapshot =
      Snapshot::make(server->options_.config, server->addresses_, server->files_, server->tickets_);
  if (!snapshot) return std::move(snapshot).error();
  server->snapshot_ = *std::move(snapshot);
  server->views_.resize(server->snapshot_->clusters.size());
  if (auto opened = server->open_workers(); !opened) return std::move(opened).error();
  return server;
}

Server::Server(EventLoop& loop, Options options)
    : loop_(loop),
      options_(std::move(options)),
      started_(loop.now()),
      orders_(loop, static_cast<OperatorOrders::Listener&>(*this)),
      checks_(loop, random_, [this](const auto& result) { on_check_result(result); }),
      trimmer_(loop),
      mailbox_(loop, [this](LetterToServer letter) { on_letter(std::move(letter)); }) {}

Server::~Server() {
  // Main has run the loop until the workers had ended, or they never began.
  for (const auto& worker : workers_) {
    if (workers_running_ > 0) worker->post(to_worker::Stop{.limit = Duration::zero()});
  }
  for (const auto& worker : workers_) {
    if (workers_running_ > 0 && !worker->has_joined()) worker->join();
  }
}

// Sockets that share a port must all say so, and then it does not show that another program of the
// same user has it, too. Hence a first one that does not share. It lets no client in, for it is
// closed.
Result<void> Server::listen() {
  const std::size_t workers = worker_count(*options_.config);
  listeners_.resize(workers);
  for (const Address& address : options_.config->listens) {
    const ListenOptions alone{.backlog = options_.config->listen_backlog};
    Result<Fd> first = bind_tcp(address, alone);
    if (!first) return std::move(first).error();
    const Address bound = local_address(*first);
    addresses_.push_back(bound);
    if (workers == 1) {
      if (auto listening = listen_on(*first, alone); !listening) {
        return std::move(listening).error();
      }
      listeners_[0].push_back(*std::move(first));
      continue;
    }
    first->reset();
    for (std::vector<Fd>& of_worker : listeners_) {
      const ListenOptions shared{.reuse_port = true, .backlog = options_.config->listen_backlog};
      Result<Fd> listener = listen_tcp(bound, shared);
      if (!listener) return std::move(listener).error();
      of_worker.push_back(*std::move(listener));
    }
  }
  return {};
}

namespace {

// Descriptors that are not a client's or a member's: listeners, logs, event loops.
constexpr std::size_t kDescriptorsKept = 256;

// A client's request needs a connection to a member as well.
std::size_t clients_max(std::size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
  const std::size_t all = std::max<std::size_t>(limit.rlim_cur, 2 * kDescriptorsKept);
  const std::size_t most = (all - kDescriptorsKept) / 2;
  if (wanted <= most) return wanted;
  LOG(kNotice,
      "MaxClientConnections {} is more than {} open files allow: {} hold (ulimit -n, "
      "LimitNOFILE= of systemd)",
      wanted, limit.rlim_cur, most);
  return most;
}

}  // namespace

Result<void> Server::open_workers() {
  auto resolver = HostResolver::open(
      loop_, {.found = [this](const std::string& text, const std::vector<Address>& found) {
        on_resolved(text, found);
      }});
  if (!resolver) return std::move(resolver).error();
  resolver_ = *std::move(resolver);
  const std::size_t clients = clients_max(options_.config->client_connections_max);
  const std::size_t share = clients / listeners_.size();
  const auto quarantine = std::make_shared<Quarantine>();
  for (std::size_t index = 0; index < listeners_.size(); ++index) {
    auto worker = Worker::open({.index = index,
                                .connections_max = std::max<std::size_t>(share, 1),
                                .workers = listeners_.size(),
                                .quarantine = quarantine,
                                .snapshot = snapshot_,
                                .listeners = std::move(listeners_[index]),
                                .server = &mailbox_});
    if (!worker) return std::move(worker).error();
    workers_.push_back(*std::move(worker));
  }
  return {};
}

void Server::start() {
  for (const auto& worker : workers_) worker->start();
  workers_running_ = workers_.size();
  look_up_names();
  watch_members();
}

void Server::look_up_names() {
  for (const Snapshot::HostName& name : snapshot_->host_names) {
    if (name.is_resolved) {
      resolver_->watch(name.address_text, name.interval);
    } else {
      resolver_->ask(name.address_text, name.interval);
    }
  }
}

void Server::stop() {
  const Duration limit =
      stopping_ ? Duration::zero() : Duration(options_.config->graceful_shutdown_timeout);
  stopping_ = true;
  LOG(kNotice, "stopping; connections have {} s to end",
      std::chrono::duration_cast<std::chrono::seconds>(limit).count());
  post_all(to_worker::Stop{.limit = limit});
}

Result<void> Server::reload() {
  if (!options_.load) {
    return Error{.code = ErrorCode::kUnavailable, .detail = "there is nothing to load again"};
  }
  auto config = options_.load();
  if (!config) return std::move(config).error();
  const config::Config& now = *snapshot_->config;
  if ((*config)->listens != now.listens || (*config)->workers != now.workers ||
      (*config)->admin != now.admin) {
    return Error{.code = ErrorCode::kInvalid,
                 .detail = "Listen, Workers and Admin cannot be changed by a reload; restart"};
  }
  auto made = Snapshot::make(*config, addresses_, files_, tickets_);
  if (!made) return std::move(made).error();
  const std::shared_ptr<const Snapshot> before = snapshot_;
  auto snapshot = std::make_shared<Snapshot>(**made);
  snapshot->generation = snapshot_->generation + 1;
  snapshot_ = std::move(snapshot);
  keep_views(*before);
  watch_members();
  post_all(adoption());
  resolver_->forget_all();
  look_up_names();
  LOG(kNotice, "configuration {} is in force", (*config)->hash);
  return {};
}

// What the workers keep of their clusters they do not tell again.
void Server::keep_views(const Snapshot& before) {
  auto old = std::exchange(views_, {});
  views_.resize(snapshot_->clusters.size());
  for (std::size_t i = 0; i < views_.size(); ++i) {
    auto same = same_cluster(*snapshot_, i, before);
    if (!same) same = rekeyed_cluster(*snapshot_, i, before);
    if (same) views_[i] = old[*same];
  }
}

void Server::reopen_logs() {
  post_all(to_worker::FlushLogs{});
  files_.reopen();
  reopen_log();
}

void Server::post_all(const LetterToWorker& letter) {
  for (const auto& worker : workers_) worker->post(letter);
}

void Server::on_letter(LetterToServer letter) {
  std::visit([this](auto& content) { on(content); }, letter);
}

void Server::on(to_server::NewView& letter) {
  if (letter.generation != snapshot_->generation || letter.view.view == nullptr) return;
  routing::ViewKeeper::Shared& held = views_[letter.cluster];
  const bool is_newer = held.view == nullptr || letter.view.supersedes(*held.view);
  if (!is_newer || (held.view != nullptr && held.view->hash == letter.view.view->hash)) return;
  held = letter.view;
  LOG(kInfo, "cluster {}: view {:016x}, version {}, {} members",
      snapshot_->clusters[letter.cluster].name, held.view->hash, held.view->version,
      held.view->entries.size());
  for (std::size_t worker = 0; worker < workers_.size(); ++worker) {
    if (worker == letter.worker) continue;
    workers_[worker]->post(
        to_worker::Learn{.generation = letter.generation, .cluster = letter.cluster, .view = held});
  }
  resolve_names(letter.cluster, *held.view);
  watch_members();
}

void Server::resolve_names(std::size_t cluster, const ClusterView& view) {
  const Duration interval = snapshot_->config->clusters[cluster].dns_refresh_interval;
  for (const ViewEntry& entry : view.entries) {
    if (entry.alive == AliveState::kDead || entry.alive == AliveState::kLeft) continue;
    if (!Address::parse(entry.address)) resolver_->ask(entry.address, interval);
  }
}

void Server::on(to_server::Stopped& letter) {
  if (letter.abandoned > 0) {
    LOG(kWarn, "worker {}: {} connections were cut at the end", letter.worker, letter.abandoned);
  }
  workers_[letter.worker]->join();
  --workers_running_;
  // No worker answers for it any more.
  for (auto question = status_questions_.begin(); question != status_questions_.end();) {
    const auto current = question++;
    const auto& answered = current->second.status.workers;
    const bool has_answered =
        std::any_of(answered.begin(), answered.end(),
                    [&](const WorkerStatus& status) { return status.worker == letter.worker; });
    if (!has_answered) finish_one(current->first);
  }
  if (workers_running_ > 0) return;
  checks_.stop();
  for (auto& [id, answer] : std::exchange(explain_questions_, {})) answer({});
  loop_.stop();
}

// --- Questions.

void Server::status(std::function<void(ServerStatus)> answer) {
  const uint64_t id = ++last_question_;
  StatusQuestion question{.missing = workers_running_, .answer = std::move(answer)};
  question.status.version = kVersionText;
  question.status.pid = ::getpid();
  question.status.uptime = loop_.now() - started_;
  question.status.config_path = options_.config_path;
  question.status.config_hash = snapshot_->config->hash;
  question.status.generation = snapshot_->generation;
  question.status.is_stopping = stopping_;
  for (const Address& address : addresses_) question.status.listens.push_back(address.to_string());
  if (workers_running_ == 0 || status_questions_.size() >= kQuestionsMax) {
    return question.answer(std::move(question.status));
  }
  status_questions_.emplace(id, std::move(question));
  for (const auto& worker : workers_) {
    if (!worker->has_joined()) worker->post(to_worker::Report{.question = id});
  }
}

void Server::on(to_server::Status& letter) {
  const auto place = status_questions_.find(letter.question);
  if (place == status_questions_.end()) return;
  place->second.status.workers.push_back(std::move(letter.status));
  finish_one(letter.question);
}

void Server::finish_one(uint64_t id) {
  const auto place = status_questions_.find(id);
  if (--place->second.missing > 0) return;
  StatusQuestion question = std::move(place->second);
  status_questions_.erase(place);
  auto& workers = question.status.workers;
  std::sort(workers.begin(), workers.end(),
            [](const auto& a, const auto& b) { return a.worker < b.worker; });
  sum_workers(question.status);
  add_deadlines(question.status);
  question.answer(std::move(question.status));
}

void Server::explain(const std::string& cookie, ExplainAnswer answer) {
  if (workers_running_ == 0 || explain_questions_.size() >= kQuestionsMax) return answer({});
  const uint64_t id = ++last_question_;
  explain_questions_.emplace(id, std::move(answer));
  for (const auto& worker : workers_) {
    if (worker->has_joined()) continue;
    worker->post(to_worker::Explain{.question = id, .cookie = cookie});
    return;
  }
}

void Server::on(to_server::Explanation& letter) {
  const auto place = explain_questions_.find(letter.question);
  if (place == explain_questions_.end()) return;
  const ExplainAnswer answer = std::move(place->second);
  explain_questions_.erase(place);
  answer(std::move(letter.clusters));
}

}  // namespace understudy
