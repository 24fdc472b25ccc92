// Indexes are found, made again where they must be, and put where there is a place.
#include "datasets/index/index_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <climits>
#include <optional>
#include <thread>

#include "datasets/index/index_writer.h"
#include "datasets/open/documents.h"
#include "proto/descriptor.h"
#include "proto/digest.h"
#include "proto/files.h"
#include "tests/datasets/text_files.h"
#include "tests/support/captured_log.h"

namespace millrace::datasets {
namespace {

namespace fs = std::filesystem;
using testing::contains;

/// Sets XDG_CACHE_HOME while it lives.
class CacheHome {
 public:
  explicit CacheHome(const std::string& folder) {
    if (const char* before = ::getenv("XDG_CACHE_HOME")) before_ = before;
    ::setenv("XDG_CACHE_HOME", folder.c_str(), 1);
  }
  ~CacheHome() {
    if (before_) {
      ::setenv("XDG_CACHE_HOME", before_->c_str(), 1);
    } else {
      ::unsetenv("XDG_CACHE_HOME");
    }
  }
  CacheHome(const CacheHome&) = delete;
  CacheHome& operator=(const CacheHome&) = delete;

 private:
  std::optional<std::string> before_;
};

class IndexOf : public testing::DatasetFiles {
 protected:
  [[nodiscard]] std::string hash(const std::string& file) const {
    return open_documents(DatasetSpec{.path = file, .format = "lines", .cache = path("cache")})
        .hash();
  }
  [[nodiscard]] fs::path only_index() const {
    std::vector<fs::path> files;
    for (const auto& each : fs::directory_iterator(path("cache"))) files.push_back(each.path());
    EXPECT_EQ(files.size(), 1U);
    return files.front();
  }
  void damage(std::size_t at) const {
    std::string bytes = proto::read_file(only_index());
    bytes.at(at) = static_cast<char>(bytes.at(at) ^ 1);
    testing::write_file(only_index(), bytes);
  }
};

TEST_F(IndexOf, IsMadeOnceAndFound) {
  const std::string file = write("t.txt", "one\ntwo\n");
  const testing::CapturedLog log;
  const std::string first = hash(file);
  const auto made = fs::last_write_time(only_index());
  EXPECT_EQ(hash(file), first);
  EXPECT_EQ(fs::last_write_time(only_index()), made);
  EXPECT_EQ(log.count("indexing it once"), 1);
}

TEST_F(IndexOf, IsMadeAgainWhereTheDatasetChanged) {
  const std::string file = write("t.txt", "one\ntwo\n");
  const std::string first = hash(file);
  const testing::CapturedLog log;
  write("t.txt", "one\ntwe\n");  // the same size
  EXPECT_NE(hash(file), first);
  EXPECT_EQ(log.count("the index is of an earlier state of the dataset; making it again"), 1);
  write("t.txt", "one\ntwo\n");
  EXPECT_EQ(hash(file), first);
}

/// Gives a file the modification time of another, as tar, rsync and image layers do.
void set_time_of(const fs::path& from, const fs::path& to) {
  fs::last_write_time(to, fs::last_write_time(from));
}

TEST_F(IndexOf, IsMadeAgainForAnotherFileOfTheSameSizeAndTime) {
  const std::string file = write("t.txt", "one\ntwo\n");
  const std::string other = write("other.txt", "one\ntwe\n");
  set_time_of(file, other);
  const std::string first = hash(file);
  fs::rename(other, file);
  EXPECT_NE(hash(file), first);
}

TEST_F(IndexOf, IsMadeAgainForABitInTheMiddleOfALargeFile) {
  std::string text;
  for (std::uint64_t i = 0; i < 100'000; ++i) text += std::to_string(i * 7919) + "\n";
  const std::string file = write("t.txt", text);
  const fs::file_time_type time = fs::last_write_time(file);
  const std::string first = hash(file);
  text[text.size() / 3] ^= 1;
  write("t.txt", text);
  fs::last_write_time(file, time);
  EXPECT_NE(hash(file), first);
}

TEST_F(IndexOf, IsMadeAgainForALinkThatLeadsElsewhere) {
  const std::string a = write("a.txt", "one\ntwo\n");
  const std::string b = write("b.txt", "one\ntwe\n");
  set_time_of(a, b);
  fs::create_symlink(a, path("link.txt"));
  const std::string first = hash(path("link.txt"));
  fs::remove(path("link.txt"));
  fs::create_symlink(b, path("link.txt"));
  EXPECT_NE(hash(path("link.txt")), first);
}

TEST_F(IndexOf, OfAnEarlierBuildIsMadeAgain) {
  const std::string file = write("t.txt", "one\ntwo\n");
  const std::string first = hash(file);
  // An index of the same file that records name, size and time alone.
  IndexWriter writer(IndexPlace::on_disk(path("made")), {.lines_are_documents = true});
  writer.begin_document();
  writer.append("old\nold\n");
  writer.end_document();
  const std::int64_t written_ns = proto::real_disk().stat(file)->written_ns;
  (void)writer.finish("format lines\nfile t.txt 8 " + std::to_string(written_ns) +
                      "\nread as lines\n");
  fs::rename(path("made"), only_index());
  const testing::CapturedLog log;
  EXPECT_EQ(hash(file), first);
  EXPECT_EQ(log.count("the index is of an earlier state of the dataset; making it again"), 1);
}

TEST_F(IndexOf, IsNotMadeOfAFileThatChangesMeanwhile) {
  const std::string file = write("t.txt", "one\n");
  bool has_changed = false;
  IndexRequest request{.dataset = file};
  request.cache = path("cache");
  request.has_changed = [&] { return has_changed; };
  request.make = [&](const IndexPlace& place) {
    has_changed = true;
    return IndexWriter(place, {}).finish("");
  };
  EXPECT_TRUE(
      contains(testing::message_of<std::runtime_error>([&] { (void)find_or_make_index(request); }),
               "t.txt: it changed while it was read"));
  EXPECT_TRUE(fs::is_empty(path("cache")));
}

TEST_F(IndexOf, IsMadeAgainWhereItIsDamaged) {
  const std::string file = write("t.txt", "one\ntwo\n");
  const std::string first = hash(file);
  const std::size_t size = proto::read_file(only_index()).size();
  for (const std::size_t at : {std::size_t{0}, std::size_t{8}, std::size_t{40},
                               sizeof(IndexHeader) - 1, sizeof(IndexHeader), size - 1}) {
    damage(at);
    const testing::CapturedLog log;
    EXPECT_EQ(hash(file), first) << at;
    EXPECT_EQ(log.count("making it again"), 1) << at;
  }
  for (const std::size_t left : {std::size_t{0}, std::size_t{10}, sizeof(IndexHeader), size - 8}) {
    fs::resize_file(only_index(), left);
    const testing::CapturedLog log;
    EXPECT_EQ(hash(file), first) << left;
    EXPECT_EQ(log.count("the index is cut short; making it again"), 1) << left;
  }
}

TEST_F(IndexOf, OfAnotherVersionIsMadeAgain) {
  const std::string file = write("t.txt", "one\ntwo\n");
  const std::string first = hash(file);
  std::string bytes = proto::read_file(only_index());
  bytes[8] = 77;
  testing::write_file(only_index(), bytes);
  const testing::CapturedLog log;
  EXPECT_EQ(hash(file), first);
  EXPECT_EQ(log.count("the index is of version 77; making it again"), 1);
}

TEST_F(IndexOf, DatasetsAndFormsDoNotGetInEachOthersWay) {
  const std::string a = write("a/t.txt", "one\ntwo\n");
  const std::string b = write("b/t.txt", "three\nfour\n");
  const std::string hash_a = hash(a);
  const std::string hash_b = hash(b);
  (void)open_documents(DatasetSpec{.path = a, .cache = path("cache")});
  const testing::CapturedLog log;
  EXPECT_EQ(hash(a), hash_a);
  EXPECT_EQ(hash(b), hash_b);
  EXPECT_EQ(log.text(), "");
}

TEST_F(IndexOf, LiesBesideTheDatasetElseInTheUsersCache) {
  const CacheHome home(path("home"));
  IndexRequest request{.dataset = path("d/t.txt")};
  const auto paths = index_paths(request);
  ASSERT_EQ(paths.size(), 2U);
  EXPECT_EQ(paths[0], path("d/.t.txt.millrace-index"));
  EXPECT_EQ(paths[1].parent_path(), path("home/millrace"));
  request.is_folder = true;
  request.variant = "x";
  EXPECT_EQ(index_paths(request)[0].parent_path(), path("d/t.txt"));
  EXPECT_NE(index_paths(request)[0].filename(), paths[0].filename());
  request.cache = path("cache");
  EXPECT_EQ(index_paths(request).size(), 1U);
}

TEST_F(IndexOf, GoesToTheUsersCacheWhereTheFolderCannotBeWritten) {
  const CacheHome home(path("home"));
  // A path of a large file beside which nobody, not even root, can make a file.
  const std::string file = write("t.txt", std::string(kSmallBytes, 'a') + "\nb\n");
  const proto::Descriptor held(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  const std::string name = "/proc/self/fd/" + std::to_string(held.get());
  const testing::CapturedLog log;
  EXPECT_EQ(open_documents(DatasetSpec{.path = name}).hash(),
            open_documents(DatasetSpec{.path = file}).hash());
  EXPECT_EQ(std::distance(fs::directory_iterator(path("home/millrace")), fs::directory_iterator()),
            1);
  EXPECT_TRUE(fs::exists(path(".t.txt.millrace-index")));
  EXPECT_TRUE(contains(testing::message_of<std::runtime_error>([&] {
                         (void)open_documents(DatasetSpec{.path = name, .cache = "/proc/self/fd"});
                       }),
                       "there is no place for its index"));
}

/// Opens a large file whose own index cannot be where `blocked` made something else.
class BlockedIndex : public IndexOf {
 protected:
  void expect_in_users_cache() const {
    const CacheHome home(path("home"));
    EXPECT_EQ(open_documents(DatasetSpec{.path = file_}).hash(),
              proto::hex16(proto::xxh64(proto::read_file(file_))));
    EXPECT_EQ(
        std::distance(fs::directory_iterator(path("home/millrace")), fs::directory_iterator()), 1);
  }
  std::string file_ = write("t.txt", std::string(kSmallBytes, 'a') + "\nb\n");
  std::string index_ = path(".t.txt.millrace-index");
};

TEST_F(BlockedIndex, ByAPipe) {
  ASSERT_EQ(::mkfifo(index_.c_str(), 0600), 0);
  expect_in_users_cache();
  EXPECT_TRUE(fs::is_fifo(index_));
}

TEST_F(BlockedIndex, ByAFolder) {
  fs::create_directory(index_);
  expect_in_users_cache();
  const CacheHome home("/proc/self/fd");
  EXPECT_TRUE(contains(testing::message_of<std::runtime_error>(
                           [&] { (void)open_documents(DatasetSpec{.path = file_}); }),
                       "name a folder with room with --data.cache=FOLDER"));
}

TEST_F(IndexOf, OfALongNameHasAShorterOne) {
  const std::string name(NAME_MAX - 4, 'n');
  const std::string file = write(name + ".txt", std::string(kSmallBytes, 'a') + "\nb\n");
  const std::string other = write(name + ".csv", std::string(kSmallBytes, 'c') + "\nd\n");
  const CacheHome home(path("home"));
  const std::string first = open_documents(DatasetSpec{.path = file, .format = "text"}).hash();
  EXPECT_NE(open_documents(DatasetSpec{.path = other, .format = "text"}).hash(), first);
  const testing::CapturedLog log;
  EXPECT_EQ(open_documents(DatasetSpec{.path = file, .format = "text"}).hash(), first);
  EXPECT_EQ(hash(file), hash(file)) << "in a shared folder";
  EXPECT_EQ(log.count("indexing it once"), 1);
}

TEST_F(IndexOf, ManyMakersAtOnceAllGetTheSame) {
  const std::string file = write("t.txt", "one\ntwo\nthree\n");
  std::vector<std::string> hashes(8);
  std::vector<std::thread> makers;
  for (std::string& each : hashes) makers.emplace_back([this, &each, &file] { each = hash(file); });
  for (std::thread& each : makers) each.join();
  for (const std::string& each : hashes) EXPECT_EQ(each, hashes.front());
  (void)only_index();  // and nothing else is left
}

TEST_F(IndexOf, ASmallDatasetLeavesNothingBehind) {
  const std::string file = write("d/t.txt", "one\ntwo\n");
  (void)open_documents(DatasetSpec{.path = file, .format = "lines"});
  EXPECT_EQ(std::distance(fs::directory_iterator(path("d")), fs::directory_iterator()), 1);
}

TEST_F(IndexOf, ATextThatIsRefusedLeavesNothingBehind) {
  const std::string file = write("t.txt", "one\n\xFF");
  EXPECT_THROW((void)hash(file), std::runtime_error);
  EXPECT_TRUE(fs::is_empty(path("cache")));
}

}  // namespace
}  // namespace millrace::datasets
