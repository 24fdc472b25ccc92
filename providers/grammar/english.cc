// The rules of the built-in text.
#include "providers/grammar/english.h"

#include "providers/random/philox.h"

namespace millrace::providers {
namespace {

constexpr std::uint64_t kTextSeed = 0x6D696C6C706F6E64;  // "millpond"

// The rules for lines, phrases and words. The one who acts in a line is a {hand}, and those who are
// met are a {guest} or {hands}. No person is in two of these rules, so nobody meets themselves.
constexpr std::string_view kRules = R"(
line:
  6 {Moment}, {hand} {did} {clause}.
  5 {Hand} {did} {when}, and {hands} {helped}.
  4 {When}, {woman} {did} before she {rested}.
  4 {When}, {man} {did} before he {rested}.
  3 {When}, {hands} {did} before they {rested}.
  4 {trip}
  4 {barge}
  4 {weather}
  3 {beast}
  3 {bought}
  4 {sacks}
  3 {saying}
  3 {When}, {hand} {heard} that {news}.
  3 {When}, {hand}, {guest} and {hands} {sat} and talked about {topic}.
  2 Nobody knew who had {mischief}, but {suspicion}.
  2 {view}
  2 If {fair}, {few} barges will reach {town} by {day} {part}.
  5 {talk}

trip:
  3 {When}, {woman} walked to {town}. She came back with {goods}.
  3 {When}, {man} walked to {town}. He came back with {goods}.
  2 {When}, {hands} walked to the {market}. They came back with {goods}.

barge:
  Every {week}, a {long} barge {brings} {salt} and {tea} from {town}.
  Every {week}, {few} {long} barges {bring} {salt} and {tea} from {town}.
  The {Heron}, a {long} barge at the {quay}, {brings} {salt} and {tea} from {town}.
  The {long} barges at the {quay} {bring} {salt} and {tea} from {town}.

weather:
  3 {Wet-when}, {wet-then} and {wet-too}.
  3 {Dry-when}, {dry-then} and {dry-too}.
  2 {Cold-when}, {cold-then} and {cold-too}.

beast:
  The {miller}'s {dark} {hen} {sleeps} {den} {always}.
  The {miller}'s {dark} {hens} {sleep} {den} {always}.

bought:
  The {dark} {horse} that {guest} bought {once} {is}, but it {still-one}.
  The {dark} {horses} that {guest} bought {once} {are}, but they {still-many}.

sacks:
  {When}, a sack of {fine} {rye} was {handled}.
  3 {When}, {number} sacks of {fine} {rye} were {handled}.

saying:
  {A-miller} who {rises} {thrives}, but one who {trusts} {fails}.
  {Millers} who {rise} {thrive}, but those who {trust} {fail}.

view:
  Between the {ford} and the {quay} there is {an-orchard} with {number} {trees}.
  Between the {ford} and the {quay} there are {number} {trees} and {an-orchard}.

talk:
  "Is the {flour} ready?" asked {guest}. "{is-ready}," said {hand} {how}.
  "Are the {beans} dry?" asked {guest}. "{are-dry}," said {hand} {how}.
  "When does the ferry leave?" asked {guest}. "{leaves}," said {hand} {how}.
  "Who left the gate open?" asked {hand}. "{culprit}," said {guest} {how}.
  "How deep is the ford?" asked {guest}. "{depth}," said {hand} {how}.
  "How many {loaves} are left?" asked {guest}. "{left}," said {hand} {how}.
  "Will it rain on {day}?" asked {hand}. "{forecast}," said {guest} {how}.
  "Have you seen the {dark} {horse}?" asked {guest}. "{seen}," said {hand} {how}.

did:
  2 mended the {old} {wheel} | painted the {door} {red} | 3 carried {load} {over}
  2 sold {load} to {guest} | bought {load} from the {baker} | counted the sacks {indoors}
  swept the {floor} | led the {dark} {horse} {over} | waited for {awaited}
  baked {number} {loaves} for {guest} | found {an-old} {wheel} {indoors} | watched the {sight}
helped:
  helped | watched | sang | laughed | brought water | held the lantern | went home
  stayed for supper
rested:
  went home | sat down | had supper | fell asleep | lit the lamp | locked the door
  wrote a letter | said a word
goods:
  2 a {basket} of {pears} | 2 {few} sacks of {rye} | a new {wheel} | wet feet | good news
  a letter from {guest}
handled:
  4 sold {sale} | 2 carried {over} | 2 lent to {guest} | 2 promised to {guest}
  2 brought by {guest} | left in the rain | kept for seed | lost at the ford | eaten by mice
sale:
  at the market | for a good price | to {guest} | by mistake
heard:
  4 heard | 2 learned | said | wrote to {guest}
news:
  2 the price of {rye} had {risen} | the bridge at {town} was closed
  the barges from {town} were late | the new bell had arrived | {hands} had found a boat
  {few} {horses} were missing | a letter had come from {town}
risen:
  risen | fallen | doubled | not changed
sat:
  sat by the fire | sat on the wall | stood on the bridge | met at the inn
topic:
  2 the price of {rye} | the {event} | the last {event} but one | the road to {town} | music
  the weather | nothing at all
mischief:
  moved the ladder | untied the boat | left the gate open | eaten the pie | let the goats out
  rung the bell | hidden the saw | drawn on the door
suspicion:
  everybody looked at {man} | everybody looked at {hands} | {guest} had a theory
  {hand} blamed the {horse}

clause:
  4 while {meanwhile} | 6 {because} {cause} | 2 as {omen} | 2 although {hindrance}
  2 before the rain came
meanwhile:
  the rain fell | the others slept | the dog barked | the bread rose | {hands} sang
  {hands} looked on | {hands} were away | {hands} had supper
because:
  3 because | 5 although
cause:
  the {path} was {icy} | the {roads} were {muddy}
path:
  path | bridge | ford | main road | lock | harbour | railway | valley
icy:
  icy | flooded | closed | not safe
roads:
  roads | steps | meadows | lanes | fields | cellars | barns | ditches
muddy:
  muddy | under water | full of snow | full of geese
omen:
  the wind dropped | the clouds came up | the first drops fell | the birds fell silent
hindrance:
  the wind was cold | the day was hot | nobody had asked | there was no hurry
fair:
  the wind holds | the locks are open | the fog lifts | the ice breaks | the horses are rested
  the weather stays fair | the river falls | nobody oversleeps
awaited:
  the ferry | the barge | the bread | the post | the swallows | {guest} | news from {town} | a reply
load:
  3 a sack of {fine} {rye} | 2 {number} sacks of {fine} {rye} | 2 a {basket} of {pears}
  {number} {baskets} of {pears}

wet-when:
  when it rains in the hills | when the snow melts | when the wind turns west
  after a week of rain
wet-then:
  the river rises | the wheel turns all night | the lower meadows flood | the frogs are loud
wet-too:
  the ferry stays on this side | the barges ride high at the quay
  the towpath is deep in mud | the cellars have to be bailed
dry-when:
  when the springs run low | when no rain falls | in a dry summer | in the last days of August
dry-then:
  the wheel stands still | the barges wait below the weir | the mill grinds only at night
  bread is dear
dry-too:
  the cows drink at the ford | the road is white with dust | the children wade across
  the fish hide under the bridge
cold-when:
  when the pond freezes | when the frost comes early | in a hard winter | on the shortest days
cold-then:
  the geese stay in the barn | smoke rises from every chimney | sledges replace the carts
  the mill is quiet
cold-too:
  the children skate | the ice has to be broken at the wheel | the lamps are lit at four
  wolves are heard in the hills

once:
  last spring | in {month} | at the fair | for a song
is:
  is afraid of the bridge | eats more than it earns | is slow on the hill | bites
are:
  are afraid of the bridge | eat more than they earn | are slow on the hill | bite
still-one:
  knows the way home | never complains | likes {hands} | sleeps well
still-many:
  know the way home | never complain | like {hands} | sleep well
rises:
  rises early | never hurries | counts every penny | listens to the river | owns a strong horse
  keeps good company | mends the roof in June | pays the toll
rise:
  rise early | never hurry | count every penny | listen to the river | own strong horses
  keep good company | mend the roof in June | pay the toll
thrives:
  seldom goes hungry | sleeps well in winter | has many friends | needs no clock
  fears no flood | sings at work | grows old | laughs last
thrive:
  seldom go hungry | sleep well in winter | have many friends | need no clock | fear no flood
  sing at work | grow old | laugh last
trusts:
  talks too much | trusts the weather | sleeps at noon | quarrels with the baker
trust:
  talk too much | trust the weather | sleep at noon | quarrel with the baker
fails:
  gets wet | pays twice | learns patience | eats cold soup
fail:
  get wet | pay twice | learn patience | eat cold soup
a-miller:
  a miller | a carter | a ferryman | a farmer | an innkeeper | an organist | a smith | an angler
millers:
  millers | carters | ferrymen | farmers | innkeepers | organists | smiths | anglers

how:
  2 at last | without looking up | and laughed | and shut the door | with a sigh
  over the noise of the wheel | and went on working
is-ready:
  Not before noon | It is on the cart | Not yet | You are early
are-dry:
  They were yesterday | As dry as they will be | Not yet | Ask the mice
leaves:
  At {hour} | When the fog lifts | As soon as the oxen are aboard | It left an hour ago
culprit:
  The wind | It was the goat | Nobody knows | The children did
depth:
  Up to the knee | Too deep for a cart | Deeper than last week | Ask the geese
left:
  {Number} | Only one | More than we can eat | None
forecast:
  Look at the swallows | Not while the wind is in the east | My knee says so | It always does
seen:
  It is in the garden | Not since breakfast | It went home | It is eating your hat

when:
  5 {moment} | 3 {early} {month}
moment:
  4 on {day} {part} | 2 {after} the {event} | at {hour} o'clock | {signal}
signal:
  as soon as the fog lifted | when the bell rang
after:
  2 after | before | on the day after
event:
  storm | flood | harvest | fair | wedding | frost | feast | regatta | election | fire | funeral
  dance | thaw | trial | race | eclipse
early:
  2 in | in early | in late
month:
  January | February | 2 March | 2 April | May | June | July | August | 2 September | 2 October
  November | December
week:
  2 week | month | Monday | Friday | spring | summer | autumn
day:
  Monday | Tuesday | Wednesday | Thursday | Friday | 2 Saturday | Sunday
part:
  2 morning | afternoon | evening
hour:
  five | six | seven | eight

hand:
  {woman} | {man}
woman:
  3 the miller's daughter | the miller's sister | the carpenter's wife | 2 the cook | old Rebecca
  Martha | Ada | Clara | Ruth | Nora | Ida | Helen | Agnes | Sophie | Rosa | Emma | Julia | Edith
  Greta | Hanna | Lydia | Marion | Olga | Paula | Stella | Vera | Wanda | Bella | Dora
man:
  3 the miller | the carpenter | the apprentice | 2 the old carter | old Gregory | Tobias | Peter
  Simon | Jacob | Hugo | Anton | Felix | Oliver | Martin | Albert | Bruno | Conrad | David | Edgar
  Frank | Gabriel | Henry | Isaac | Leo | Max | Nathan | Oscar | Paul | Robert
hands:
  the children | the bargemen | the reapers | the neighbours | the twins | the musicians
  {two} {boys} | {two} {boys} from {town}
two:
  2 two | three | some
boys:
  boys | girls | sailors | farmers | weavers | fishermen | shepherds | students
guest:
  5 the {baker} | 3 the {baker} from {town}
miller:
  2 miller | 2 carpenter | 4 {baker}
baker:
  baker | smith | doctor | pedlar | ferryman | schoolmaster | innkeeper | lock-keeper | mayor
  tailor | potter | widow | organist | postman | notary | beekeeper | mason | cooper | hatter
  tanner | barber | glazier | dyer | gardener | butcher | grocer | saddler | printer | clockmaker
  fiddler | judge | painter

over:
  2 to the mill | into the barn | up the hill | across the bridge | down to the quay
  along the canal | to {town}
town:
  {thorn}{by}
thorn:
  Thorn | Mill | Salt | Fen | Ox | Stone | West | Dun | Grey | Lark | Reed | Alder | Marsh | Harrow
  King | Hazel
by:
  by | brook | wick | water | moor | beck | haven | mere | field | wood | mouth | bridge | ford
  ley | ton | stead
indoors:
  in the barn | on the quay | by the door | under the bridge | behind the mill | on the cart
  in the boat | in the attic
den:
  under the cart | behind the mill | by the kitchen door | beside the pond | in the long grass
  under the willow | near the oven | among the empty sacks
always:
  when it rains | in winter | all day | until noon | on cold nights | every afternoon
  while the wheel turns | before a storm
sight:
  swallows over the weir | barges in the lock | clouds over the hills | light on the water
  otters under the bridge | storks on the roof | wind in the barley | kites over the fields
floor:
  yard | granary | kitchen | quay | cellar | loft | steps | path
market:
  market | coast | hills | quarry
quay:
  quay | bridge | lock | old pier
ford:
  ford | church | inn | weir
an-orchard:
  an orchard | a garden | a meadow | an island | a graveyard | an old wall | a pond | a low hill
trees:
  pear trees | beehives | willows | walnut trees | benches | scarecrows | sheep | haystacks

few:
  2 two | 2 three | four | five | six | seven
number:
  4 two | 4 three | 3 four | 3 five | 3 six | 2 seven | 2 eight | 2 nine | 2 ten | 2 eleven
  2 twelve | twenty | thirty | fifty
old:
  old | big | little | broken | heavy | spare | crooked | worn
an-old:
  an old | a big | a little | a broken | a heavy | an odd | a crooked | an ugly
wheel:
  wheel | pump | hoist | cart | boat | ladder | lantern | barrel | plough | saw | scale | bucket
  anchor | sledge | rake | kettle | clock | fiddle | net | oar | stove | chair | table | bench
  trough | gate | chain | winch | loom | trap | drum | sail
door:
  door | gate | ferry | roof | fence | bench | shutters | sign
red:
  red | blue | green | yellow | white | black | brown | grey
fine:
  fine | good | new | dry | damp | clean | cheap | local
rye:
  {flour} | {beans}
flour:
  2 rye | 2 wheat | barley | flour | malt | buckwheat
beans:
  2 oats | beans | peas
basket:
  basket | bag | crate | barrow
baskets:
  baskets | bags | crates | barrows
pears:
  2 apples | pears | plums | cherries | eggs | onions | walnuts | turnips | mushrooms | berries
  radishes | trout | chestnuts | carrots | leeks
loaves:
  loaves | pies | honey cakes | rolls
long:
  long | black | green | blue | red | tarred | narrow | heavy
heron:
  heron | kestrel | plover | curlew | teal | swift | martin | robin | wren | linnet | finch | lark
  magpie | raven | falcon | osprey
brings:
  brings | carries
bring:
  bring | carry
salt:
  salt | coal | lamp oil | glass | wool | linen | timber | rope | soap | copper | paper | leather
  wax | ink | chalk | cider
tea:
  tea | letters | newspapers | oranges | bricks | lime | iron | tar | lemons | nails | pepper
  sugar | cloth | clocks | books | coffee

dark:
  grey | brown | black | white | spotted | lame | young | stubborn
horse:
  2 horse | mule | goat | cow | dog | ox | sheep
horses:
  2 horses | mules | goats | cows | dogs | oxen | sheep
hen:
  hen | goose | duck | pig | cat | dog | goat | mule
hens:
  hens | geese | ducks | pigs | cats | dogs | goats | mules
sleeps:
  2 sleeps | hides | waits
sleep:
  2 sleep | hide | wait
)";

}  // namespace

const Grammar& english() {
  static const Grammar grammar(kRules);
  return grammar;
}

std::string english_text(std::size_t characters) {
  std::string text;
  for (std::uint64_t line = 0; text.size() < characters; ++line) {
    const PhiloxStream draws(kTextSeed, proto::Split::kTrain, 0, line);
    english().append_line(draws.words(Purpose::kText, 0, english().most_words()), text);
  }
  text.resize(characters);
  return text;
}

}  // namespace millrace::providers
