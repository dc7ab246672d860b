// The peer in C++: both ends of a bare QuickFIX pair with file stores, as a library for Python.
//
//   pair_accept(store, port, stamps)  answers each order with New and Fill until pair_stop()
//   pair_load(store, port, stamps, orders, warm, window, rate)  sends, counts fills, gives seconds
//
// The same message flow as benchmarks/gateway_acceptor.py and gateway_bare.py; the engine is the
// one inside the Python wheel, so both languages run the same build of it.

#include <quickfix/Application.h>
#include <quickfix/FileStore.h>
#include <quickfix/Session.h>
#include <quickfix/SocketAcceptor.h>
#include <quickfix/SocketInitiator.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

const char *const VENUE = "XSIM";
const char *const CLIENT = "TRIMTAB";
const long long SECOND = 1000000000LL;
const int GROUP = 100;

long long now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * SECOND + time.tv_nsec;
}

std::string stamp(const char *format) {
  timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  tm parts;
  gmtime_r(&time.tv_sec, &parts);
  char text[40];
  size_t length = strftime(text, sizeof text, format, &parts);
  if (length > 8)
    snprintf(text + length, sizeof text - length, ".%06ld", time.tv_nsec / 1000);
  return text;
}

FIX::Message built(const char *kind, const std::string &body) {
  const std::string text =
      "8=FIX.4.4\x01" "9=0\x01" "35=" + std::string(kind) + "\x01" + body + "\x01" "10=000\x01";
  return FIX::Message(text, false);
}

FIX::SessionSettings settings(const std::string &kind, const std::string &store,
                              const std::string &own, const std::string &other,
                              const std::string &port) {
  std::stringstream text;
  text << "[DEFAULT]\nConnectionType=" << kind
       << "\nNonStopSession=Y\nSocketNodelay=Y\nUseDataDictionary=N\nTimestampPrecision=6"
       << "\nHeartBtInt=30\nReconnectInterval=1\nFileStorePath=" << store
       << "\n[SESSION]\nBeginString=FIX.4.4\nSenderCompID=" << own << "\nTargetCompID=" << other
       << "\nSocketConnectHost=127.0.0.1\nSocketConnectPort=" << port
       << "\nSocketAcceptPort=" << port << "\n";
  return FIX::SessionSettings(text);
}

class Quiet : public FIX::Application {
public:
  void onCreate(const FIX::SessionID &) override {}
  void onLogon(const FIX::SessionID &) override { isUp = true; }
  void onLogout(const FIX::SessionID &) override {}
  void toAdmin(FIX::Message &, const FIX::SessionID &) override {}
  void toApp(FIX::Message &, const FIX::SessionID &) EXCEPT(FIX::DoNotSend) override {}
  void fromAdmin(const FIX::Message &, const FIX::SessionID &)
      EXCEPT(FIX::FieldNotFound, FIX::IncorrectDataFormat, FIX::IncorrectTagValue,
             FIX::RejectLogon) override {}

  std::atomic<bool> isUp{false};
};

class Answers : public Quiet {
public:
  explicit Answers(const char *stamps) : file(fopen(stamps, "w")) {}
  void finish() { fflush(file); }

  void fromApp(const FIX::Message &order, const FIX::SessionID &id)
      EXCEPT(FIX::FieldNotFound, FIX::IncorrectDataFormat, FIX::IncorrectTagValue,
             FIX::UnsupportedMessageType) override {
    const long long had = now();
    const std::string name = order.getField(11), quantity = order.getField(38);
    const std::string price = order.getField(44), number = std::to_string(++count);
    const std::string head = "11=" + name + "\x01" "55=" + order.getField(55) + "\x01" "54=" +
                             order.getField(54) + "\x01" "38=" + quantity + "\x01" "37=O" + number;
    const std::string tail = "\x01" "75=" + stamp("%Y%m%d") + "\x01" "60=" + stamp("%Y%m%d-%T");
    FIX::Message accepted =
        built("8", head + "\x01" "17=E" + number + "N\x01" "150=0\x01" "39=0\x01" "44=" + price +
                       "\x01" "151=" + quantity + "\x01" "14=0\x01" "6=0" + tail);
    FIX::Session::sendToTarget(accepted, id);
    const long long said = now();
    FIX::Message filled =
        built("8", head + "\x01" "17=E" + number + "F\x01" "150=F\x01" "39=2\x01" "44=" + price +
                       "\x01" "32=" + quantity + "\x01" "31=" + price +
                       "\x01" "12=0.35\x01" "13=3\x01" "151=0\x01" "14=" + quantity + "\x01" "6=" +
                       price + tail);
    fprintf(file, "%s %lld %lld\n", name.c_str(), had, said);
    FIX::Session::sendToTarget(filled, id);
  }

private:
  FILE *file;
  long count = 0;
};

class Load : public Quiet {
public:
  void fromApp(const FIX::Message &report, const FIX::SessionID &)
      EXCEPT(FIX::FieldNotFound, FIX::IncorrectDataFormat, FIX::IncorrectTagValue,
             FIX::UnsupportedMessageType) override {
    if (report.getField(150) != "F")
      return;
    const long number = std::stol(report.getField(11).substr(1));
    std::lock_guard<std::mutex> lock(mutex);
    done[number] = now();
    ++count;
    changed.notify_one();
  }

  void prepare(int orders) {
    std::lock_guard<std::mutex> lock(mutex);
    due.assign(orders, 0);
    done.assign(orders, 0);
    count = 0;
  }

  void byWindow(char prefix, int orders, int window) {
    int sent = 0;
    while (sent < orders) {
      int room;
      {
        std::unique_lock<std::mutex> lock(mutex);
        changed.wait(lock, [&] { return window - (sent - count) >= std::min(GROUP, orders - sent); });
        room = std::min({window - (sent - count), GROUP, orders - sent});
      }
      const long long at = now();
      for (int upto = sent + room; sent < upto; ++sent)
        send(prefix, sent, at);
    }
    finish(orders);
  }

  void byRate(char prefix, int orders, int rate) {
    const long long start = now() + SECOND / 10;
    for (int number = 0; number < orders; ++number) {
      const long long at = start + number * SECOND / rate;
      if (const long long left = at - now(); left > 0)
        std::this_thread::sleep_for(std::chrono::nanoseconds(left));
      send(prefix, number, at);
    }
    finish(orders);
  }

  void write(const char *path, char prefix) {
    FILE *file = fopen(path, "w");
    for (size_t number = 0; number < due.size(); ++number)
      fprintf(file, "%c%07zu %lld %lld\n", prefix, number, due[number], done[number]);
    fclose(file);
  }

private:
  void send(char prefix, int number, long long at) {
    due[number] = at;
    char name[16];
    snprintf(name, sizeof name, "%c%07d", prefix, number);
    FIX::Message order = built(
        "D", "11=" + std::string(name) + "\x01" "583=0\x01" "1=TRIMTAB\x01" "21=1\x01" "55=S00\x01"
             "48=US0000000002\x01" "22=4\x01" "54=1\x01" "60=" + stamp("%Y%m%d-%T") +
             "\x01" "38=100\x01" "40=2\x01" "44=148.00\x01" "59=0");
    FIX::Session::sendToTarget(order, id);
  }

  void finish(int orders) {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return count == orders; });
  }

  const FIX::SessionID id{"FIX.4.4", CLIENT, VENUE};
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<long long> due, done;
  int count = 0;
};

std::atomic<bool> isStopped{false};

} // namespace

extern "C" {

void pair_stop() { isStopped = true; }

void pair_accept(const char *store, const char *port, const char *stamps) {
  const FIX::SessionSettings own = settings("acceptor", store, VENUE, CLIENT, port);
  FIX::FileStoreFactory stores(own);
  Answers answers(stamps);
  FIX::SocketAcceptor acceptor(answers, stores, own);
  acceptor.start();
  while (!isStopped)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  answers.finish();
  _exit(0); // Its stop crashes now and then.
}

double pair_load(const char *store, const char *port, const char *stamps, int orders, int warm,
                 int window, int rate) {
  const FIX::SessionSettings own = settings("initiator", store, CLIENT, VENUE, port);
  FIX::FileStoreFactory stores(own);
  Load load;
  FIX::SocketInitiator initiator(load, stores, own);
  initiator.start();
  while (!load.isUp)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  load.prepare(warm);
  load.byWindow('W', warm, std::min(GROUP, warm));
  load.prepare(orders);
  const long long began = now();
  rate ? load.byRate('B', orders, rate) : load.byWindow('B', orders, window);
  const double seconds = static_cast<double>(now() - began) / SECOND;
  load.write(stamps, 'B');
  initiator.stop(true);
  return seconds;
}
}
