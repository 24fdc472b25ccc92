// The lists of words by class, and the rules of inflection and derivation.
#include "annotation/lexicon.h"

#include <array>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace millrace::annotation {
namespace {

struct List {
  std::uint16_t classes;
  std::uint16_t usual;
  std::string_view words;  ///< separated by spaces
};

// The first entry of a word that is in several lists counts.
constexpr List kClosed[] = {
    {kDeterminer, kDeterminer,
     "the a an this these those my your his its our their every each some any no another either "
     "neither both all such what which "
     "whose many much few several thy thine"},
    {kDeterminer | kPreposition | kPronoun, kDeterminer, "that"},
    {kDeterminer | kPronoun, kDeterminer, "her"},
    {kPronoun, kPronoun,
     "i you he she it we they me him us them who whom mine yours hers ours theirs myself yourself "
     "himself herself itself "
     "ourselves yourselves themselves oneself someone somebody something anyone anybody anything "
     "everyone everybody everything "
     "nobody nothing none thou thee ye whoever whatever one"},
    {kTo, kTo, "to"},
    {kPreposition, kPreposition,
     "of in for on with at by from about into over after under between through during before "
     "without against within among along "
     "across behind beyond near since until till upon toward towards above below beneath beside "
     "besides despite except inside "
     "outside onto off out up down around past per via as than like unlike amid amongst throughout "
     "underneath if because although "
     "though while whereas unless whether lest"},
    {kConjunction, kConjunction, "and or but nor yet so"},
    {kModal, kModal,
     "will would can could shall should may might must ought 'll 'd ca wo sha cannot"},
    {kBe, kBe, "be am is are was were been being 'm 're ai"},
    {kHave, kHave, "have has had having 've hath"},
    {kDo, kDo, "do does did doing done doth"},
    {kNot, kNot, "not n't"},
    {kDeterminer | kBe, kDeterminer, "'s '"},
    {kNumber, kNumber,
     "zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
     "sixteen seventeen eighteen "
     "nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million "
     "billion"},
    {kPreposition, kPreposition, "o'er ere"},
};

constexpr List kCommon[] = {
    {kR, kR,
     "when where why how there here now then very too also just only even still never always often "
     "sometimes again soon already "
     "almost quite rather perhaps maybe once twice ever away back together later ago else thus "
     "therefore hence however indeed "
     "instead otherwise meanwhile today tomorrow yesterday tonight seldom rarely nearly hardly "
     "barely merely mostly really simply "
     "far abroad ahead apart aside downstream upstream everywhere nowhere somewhere anywhere "
     "upstairs downstairs forth forever "
     "anyway nevertheless moreover furthermore somehow somewhat altogether afterwards thereafter "
     "about not-at-all most least more "
     "less enough alone"},
    {kA | kR, kR, "well early fast hard late long straight deep right"},
    {kA | kR, kA,
     "high low near wide close little daily weekly yearly only better best worse worst"},
    {kA, kA,
     "good new old great big small large young important different public bad able true real sure "
     "certain clear whole strong free "
     "full easy ready short simple hot cold dark bright red blue green white black brown grey gray "
     "yellow happy sad angry afraid "
     "poor rich dry wet soft heavy light warm cool quick slow loud quiet calm kind wise wild proud "
     "brave mad sick ill dead alive "
     "thin thick narrow broad flat round sharp dull rough smooth clean dirty empty busy tired "
     "hungry thirsty sweet bitter fresh "
     "raw sour pale strange rare common single double main major minor chief other same own next "
     "last first second third final "
     "likely possible modern ancient recent current former local common foreign human wooden "
     "golden silver iron royal noble holy "
     "fair foul gentle cruel honest humble idle lazy safe sorry aware equal exact fine glad huge "
     "tiny vast tall deaf blind lame "
     "mere mild nice odd plain pure steep still stiff tame tender tight loose ugly pretty vain "
     "weak worth worthy severe entire "
     "separate private secret sudden steady solid rapid average extra native polite absent present "
     "distant ordinary usual "
     "lovely friendly lonely lively silly weary merry heavy sunny rainy cloudy windy muddy dusty "
     "rusty sandy empty early"},
    {kN | kV, kN,
     "work play run walk talk call name hand face place house point state end start stop love hate "
     "fear hope help need want use "
     "look show turn change move rest sleep dream drink cook plant water fire wind rain snow storm "
     "flow flood grind load order "
     "plan book mark note sign step stand stay visit watch wash wave wish wonder worry answer ask "
     "question attack balance battle "
     "bear beat bite blame block blow board bow break breath bridge bridle build burn cast catch "
     "cause chance charge charm chase "
     "cheer claim climb close cloud coat cost count court cover crack crash cross crowd crown cry "
     "cure curse cut damage dance "
     "deal delay demand desire divide doubt draft drag draw dress drift drive drop dust dye ease "
     "echo effect effort exchange "
     "experience fall farm farmer favour favor feast feed field fight figure file fish flight "
     "float force form frame freeze fuel "
     "gain gather gift grace grant grasp grip ground group guard guess guide halt haste haul heap "
     "heat hold honour honor host "
     "hunt hurt influence interest iron issue join joke judge jump keep kick kill kiss knock land "
     "laugh launch lead leap light "
     "limit link list lock log lose march market master match matter measure meet mind mine "
     "mistake model murmur nail noise notice "
     "number offer pace pack paint part pass pause pay permit phone pick piece pipe pity plane "
     "plough poison post pour power "
     "praise present press price pride profit promise protest pull pump purchase push race raise "
     "range rate reach record reply "
     "report reason reign request result return review reward ride ring rise risk roar rob rock "
     "roll roof rope row rule rush sail "
     "sample scale score scream seal search seat sense service set shade shake shape share shelter "
     "shift shine ship shock shoot "
     "shop shout sigh sight silence sing sink sit smell smile smoke sound space spark speed spell "
     "spin split sport spread spring "
     "stage stamp stare state steal steam stick sting stock store strain stream stress stretch "
     "strike stroke struggle study "
     "suffer sum supply support surprise swing switch taste tax tear test thank threat throw tie "
     "tone tool touch tour trace track "
     "trade train transport trap travel treat trick trip trouble trust try twist value view voice "
     "vote wage wait wake war warn "
     "weight wheel whisper whistle win wing witness wound wrap yield"},
    {kV | kN, kV,
     "say go get make know take see come think find give tell become leave put mean let begin seem "
     "hear bring happen write sit "
     "lose add learn lie speak read grow open follow believe live send spend remain appear buy "
     "serve die expect understand "
     "consider remember continue feel ask try carry choose eat teach wear fly allow agree accept "
     "achieve admit announce apply "
     "argue arrive avoid belong borrow bury bake bless bring collect compare complain connect "
     "contain create decide declare defend "
     "deliver deny depend describe deserve destroy develop die discover discuss dwell earn employ "
     "enjoy enter escape establish "
     "exist explain express fail fetch fill fix forbid forget forgive gaze greet hang hide hire "
     "imagine improve include increase "
     "inform intend introduce invent invite kneel lay lean lend lift listen mend mention obey "
     "observe obtain occur offend oppose "
     "owe own pray prefer prepare preserve prevent proceed produce prove provide punish quit "
     "receive recognize reduce refuse "
     "regard reject relate release rely remove repair repeat replace represent require reveal save "
     "scatter sell shut solve spoil "
     "steer stir strive succeed suggest suppose surround swear sweep swim tend tremble unite "
     "vanish wander waste weave weep wipe "
     "worship worry lower hurry marry deepen widen strengthen soften bend bind breed cling creep "
     "crawl decay deceive deserve "
     "dig draw dry empty fade flee forge gather grind hasten heal hum knit lick loosen mix nod "
     "paint peel polish predict reap "
     "reopen sew sharpen shave shrink slide slip snap sow stumble sway swell tame tighten wilt "
     "wither turn mill"},
    {kV, kV,
     "said went got made knew took saw came thought found gave told became left meant let began "
     "heard brought wrote sat lost "
     "lay spoke grew kept held stood led won sent built paid felt spent bought died ran fell rose "
     "drove rode broke chose ate wore "
     "flew drew threw caught taught fought sought slept swept wept crept leapt dealt dreamt lent "
     "bent shone sang sank swam rang "
     "drank began shook stole froze woke tore bore swore wound bound ground sold shot hid bit slid "
     "stuck struck swung hung dug "
     "spun strung clung flung gone taken seen given known shown grown thrown drawn blown flown "
     "worn torn born sworn broken spoken "
     "chosen frozen stolen woken written driven ridden risen fallen eaten beaten forgotten hidden "
     "bitten shaken sung sunk swum "
     "rung drunk begun met fed fled bled sped shed wed forgot forgave understood underwent "
     "withdrew laid hears ceased"},
    {kN, kN,
     "time year people way day man woman men women child children thing life world school family "
     "student country problem week "
     "month night morning evening afternoon hour minute room mother father friend friends hour "
     "game law car city community "
     "president team kid body information nothing parent office door health person art history "
     "party morning moment air teacher "
     "king queen prince princess lord lady duke earl sir madam soldier sword shield horse castle "
     "village town river mill miller "
     "stone grain flour bread corn wheat barley field farmer tree forest wood leaf leaves branch "
     "root flower grass garden hill "
     "mountain valley lake sea ocean island shore beach sand boat barge sun moon star sky cloud "
     "heaven earth hell god angel devil "
     "soul spirit ghost heart blood bone head hair eye eyes ear nose mouth tooth teeth tongue neck "
     "arm finger foot feet leg knee "
     "skin dog cat bird cow pig sheep goat hen egg milk meat cheese butter salt sugar wine beer "
     "tea coffee cup plate knife fork "
     "spoon table chair bed lamp candle window wall floor kitchen street road path bridge tower "
     "church temple gate key letter "
     "word sentence page paper pen ink story poem song music news language nation government army "
     "navy enemy peace death birth "
     "youth age brother sister son daughter wife husband uncle aunt cousin baby boy girl gentleman "
     "stranger neighbour neighbor "
     "money gold coin shop clock weather winter summer autumn season noon midnight dawn dusk "
     "century computer machine engine "
     "network data token batch system science theory method example idea fact truth lie case area "
     "level type kind sort size "
     "length width height depth amount quarter half pair dozen rest side top bottom front corner "
     "edge center centre middle member "
     "leader worker doctor lawyer engineer author poet painter captain sailor hunter thief judge "
     "priest monk nurse baker tailor "
     "smith shepherd clerk servant ox oxen geese mice wolf wolves bee bees wool cloth linen silk "
     "shoe shoes hat ring jewel crown "
     "throne law crime prison policy economy industry company university college library museum "
     "hospital station airport train "
     "bus ship plane ticket map tunnel harbour harbor port film movie television radio newspaper "
     "magazine article chapter"},
};

constexpr std::string_view kStopWords =
    "say said says go goes went gone get got gets make made makes know take see seen seem seems "
    "seemed keep put give call called "
    "come let use used using became become becomes show very too also just only even still never "
    "always often sometimes again "
    "already almost quite rather perhaps maybe once ever away back together later else thus "
    "therefore hence however indeed "
    "instead otherwise meanwhile really well much many more most less least enough other others "
    "same own next last first full "
    "whole various here there where when why how now then everywhere nowhere somewhere anywhere "
    "anyhow anyway nevertheless "
    "moreover afterwards beforehand elsewhere somehow top bottom front side part name move done "
    "doing please regarding serious";

class Lexicon {
 public:
  Lexicon() {
    for (const List& list : kClosed) add(list);
    for (const auto& [word, entry] : entries_) stop_words_.insert(word);
    for (const List& list : kCommon) add(list);
    for_each_word(kStopWords,
                  [&](std::string_view word) { stop_words_.insert(std::string(word)); });
  }

  [[nodiscard]] const Entry* find(std::string_view word) const {
    const auto found = entries_.find(std::string(word));
    return found == entries_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] bool is_stop_word(std::string_view word) const {
    return stop_words_.contains(std::string(word));
  }

 private:
  template <class Visit>
  static void for_each_word(std::string_view words, Visit visit) {
    while (!words.empty()) {
      const std::size_t space = words.find(' ');
      if (space != 0) visit(words.substr(0, space));
      words = space == std::string_view::npos ? std::string_view() : words.substr(space + 1);
    }
  }
  void add(const List& list) {
    for_each_word(list.words, [&](std::string_view word) {
      entries_.try_emplace(std::string(word), Entry{list.classes, list.usual, true});
    });
  }

  std::unordered_map<std::string, Entry> entries_;
  std::unordered_set<std::string> stop_words_;
};

const Lexicon& lexicon() {
  static const Lexicon instance;
  return instance;
}

/// The listed word of an open class with this stem: the stem itself, with a final e, with its last
/// letter once ("stopp" of "stopped"), or with y for i ("carri" of "carried"). Or nullptr.
const Entry* listed_stem(std::string_view stem, bool may_double) {
  if (stem.size() < 2) return nullptr;
  for (const std::string& form : {std::string(stem), std::string(stem) + "e"}) {
    const Entry* entry = lexicon().find(form);
    if (entry != nullptr && (entry->classes & kOpen) != 0) return entry;
  }
  if (may_double && stem.size() > 3 && stem.back() == stem[stem.size() - 2]) {
    return listed_stem(stem.substr(0, stem.size() - 1), false);
  }
  if (stem.back() == 'i') {
    const Entry* entry = lexicon().find(std::string(stem.substr(0, stem.size() - 1)) + "y");
    if (entry != nullptr && (entry->classes & kOpen) != 0) return entry;
  }
  return nullptr;
}

/// The entry of an inflected form of a listed word: "mills", "carried", "stopping", "slower".
Entry inflected(std::string_view word) {
  const auto stem_of = [&](std::string_view ending) {
    return word.ends_with(ending) ? listed_stem(word.substr(0, word.size() - ending.size()), true)
                                  : nullptr;
  };
  if (const Entry* stem = stem_of("ed"); stem != nullptr && (stem->classes & kV) != 0) {
    return {kV | kA, kV, true};
  }
  if (const Entry* stem = stem_of("ing"); stem != nullptr && (stem->classes & kV) != 0) {
    return {kV | kN | kA, kV, true};
  }
  if (const Entry* stem = stem_of("er"); stem != nullptr && (stem->classes & (kA | kV)) != 0) {
    return (stem->classes & kA) != 0 ? Entry{kA, kA, true} : Entry{kN, kN, true};
  }
  if (const Entry* stem = stem_of("est"); stem != nullptr && (stem->classes & kA) != 0) {
    return {kA, kA, true};
  }
  if (const Entry* stem = stem_of("ly"); stem != nullptr && (stem->classes & kA) != 0) {
    return {kR, kR, true};
  }
  for (const std::string_view ending : {"s", "es"}) {
    const Entry* stem = stem_of(ending);
    if (stem == nullptr || (stem->classes & (kN | kV)) == 0) continue;
    return {static_cast<std::uint16_t>(stem->classes & (kN | kV)),
            (stem->classes & stem->usual & kN) != 0 ? kN
            : stem->usual == kV                     ? kV
                                                    : kN,
            true};
  }
  return {};
}

struct Ending {
  std::string_view letters;
  std::uint16_t classes;
  std::uint16_t usual;
};

// The first match counts, so an ending comes before its own ending ("ness" before "s").
constexpr Ending kEndings[] = {
    {"ness", kN, kN},      {"ment", kN, kN},          {"tion", kN, kN},     {"sion", kN, kN},
    {"ity", kN, kN},       {"ship", kN, kN},          {"hood", kN, kN},     {"ism", kN, kN},
    {"ist", kN, kN},       {"ance", kN, kN},          {"ence", kN, kN},     {"logy", kN, kN},
    {"graphy", kN, kN},    {"ings", kN, kN},          {"ous", kA, kA},      {"ful", kA, kA},
    {"less", kA, kA},      {"able", kA, kA},          {"ible", kA, kA},     {"ive", kA, kA},
    {"ical", kA, kA},      {"al", kA | kN, kA},       {"ic", kA | kN, kA},  {"ish", kA, kA},
    {"ary", kA | kN, kA},  {"ward", kR | kA, kR},     {"wards", kR, kR},    {"wise", kR, kR},
    {"ly", kR, kR},        {"ize", kV, kV},           {"ise", kV | kN, kV}, {"ify", kV, kV},
    {"ized", kV | kA, kV}, {"ing", kV | kN | kA, kV}, {"ed", kV | kA, kV},  {"ent", kA | kN, kN},
    {"ant", kA | kN, kN},  {"y", kN | kA, kN},        {"s", kN | kV, kN},
};

Entry by_ending(std::string_view word) {
  for (const Ending& ending : kEndings) {
    if (word.size() > ending.letters.size() + 2 && word.ends_with(ending.letters)) {
      return {ending.classes, ending.usual, false};
    }
  }
  return {kN | kV | kA, kN, false};
}

}  // namespace

Entry look_up(std::string_view lower_case) {
  if (const Entry* entry = lexicon().find(lower_case)) return *entry;
  if (const Entry entry = inflected(lower_case); entry.known) return entry;
  return by_ending(lower_case);
}

bool is_stop_word(std::string_view lower_case) { return lexicon().is_stop_word(lower_case); }

}  // namespace millrace::annotation
