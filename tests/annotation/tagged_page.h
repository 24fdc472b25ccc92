// A page of English tagged by hand, to measure the built-in tagger. Written for this test, with the
// conventions of Universal Dependencies: P proper noun, N noun, V verb, A adjective, R adverb, O
// all others (auxiliaries, pronouns, determiners, numbers, punctuation …).
#pragma once

namespace millrace::annotation {

inline constexpr const char* kTaggedPage[] = {
    "The/O old/A mill/N stands/V near/O the/O river/N ./O",
    "Its/O wheel/N turns/V slowly/R when/O the/O water/N is/O low/A ./O",
    "Anna/P Keller/P bought/V the/O house/N in/O Bremen/P twenty/O years/N ago/R ./O",
    "She/O had/O never/R seen/V a/O working/A wheel/N before/R ./O",
    "Every/O morning/N the/O miller/N opens/V the/O heavy/A gate/N ./O",
    "Then/R the/O stream/N runs/V through/O the/O narrow/A race/N and/O drives/V the/O stones/N "
    "./O",
    "We/O could/O hear/V the/O noise/N from/O the/O other/A side/N of/O the/O valley/N ./O",
    "Do/O n't/O touch/V the/O belt/N while/O it/O is/O moving/V !/O",
    "The/O children/N played/V quietly/R behind/O the/O barn/N ./O",
    "A/O small/A boat/N was/O tied/V to/O the/O bridge/N ./O",
    "Nobody/O knew/V why/R the/O engine/N stopped/V ./O",
    "Peter/P wants/V to/O repair/V the/O roof/N before/O winter/N comes/V ./O",
    "The/O government/N promised/V new/A schools/N and/O better/A roads/N ./O",
    "He/O carefully/R counted/V the/O bags/N of/O flour/N on/O the/O table/N ./O",
    "Most/A farmers/N sell/V their/O grain/N in/O September/P ./O",
    "Did/O you/O read/V the/O long/A letter/N from/O Professor/P Lang/P ?/O",
    "The/O results/N were/O surprising/A ,/O but/O they/O were/O correct/A ./O",
    "A/O dog/N barked/V twice/R and/O ran/V away/R ./O",
    "Modern/A machines/N grind/V wheat/N much/R faster/R ./O",
    "The/O committee/N will/O probably/R reject/V the/O second/A proposal/N ./O",
    "I/O think/V that/O this/O explanation/N is/O too/R simple/A ./O",
    "That/O man/N speaks/V four/O languages/N fluently/R ./O",
    "After/O the/O storm/N ,/O several/A boats/N were/O missing/V ./O",
    "The/O red/A bricks/N came/V from/O a/O factory/N in/O Holland/P ./O",
    "Students/N learn/V mathematics/N by/O solving/V problems/N ./O",
    "It/O rained/V heavily/R all/O night/N ./O",
    "The/O museum/N shows/V beautiful/A paintings/N of/O the/O harbour/N ./O",
    "Her/O brother/N works/V for/O a/O large/A company/N ./O",
    "They/O told/V her/O the/O truth/N yesterday/N ./O",
    "Can/O the/O wheel/N turn/V without/O water/N ?/O",
    "An/O honest/A answer/N is/O often/R short/A ./O",
    "The/O king/N 's/O daughter/N married/V a/O poor/A sailor/N ./O",
    "Strong/A winds/N damaged/V the/O wooden/A tower/N on/O Monday/P ./O",
    "No/O one/N has/O found/V the/O missing/A key/N ./O",
    "The/O model/N predicts/V the/O masked/A tokens/N of/O a/O sequence/N ./O",
    "Training/N takes/V three/O days/N on/O a/O single/A machine/N ./O",
    "Scientists/N measured/V the/O temperature/N of/O the/O lake/N ./O",
    "This/O is/O a/O very/R difficult/A question/N ./O",
    "If/O you/O walk/V along/O the/O shore/N ,/O you/O will/O see/V the/O lighthouse/N ./O",
    "The/O teacher/N gave/V each/O student/N a/O blue/A book/N ./O",
    "London/P and/O Paris/P are/O connected/V by/O a/O tunnel/N ./O",
    "Water/N flows/V down/O the/O hill/N and/O fills/V the/O pond/N ./O",
    "He/O has/V a/O strange/A idea/N about/O the/O origin/N of/O language/N ./O",
    "The/O door/N was/O open/A ,/O so/R we/O went/V inside/R ./O",
    "My/O grandmother/N still/R bakes/V her/O own/A bread/N ./O",
    "Prices/N rose/V sharply/R during/O the/O war/N ./O",
    "The/O young/A lawyer/N defended/V him/O bravely/R in/O court/N ./O",
    "Several/A people/N were/O waiting/V at/O the/O station/N ./O",
    "We/O should/O have/O started/V earlier/R ./O",
    "Dark/A clouds/N gathered/V above/O the/O quiet/A village/N ./O",
};

}  // namespace millrace::annotation
