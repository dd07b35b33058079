#include "core/documents/function_words.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

namespace alcove::documents {

namespace {

// Written by hand: articles, pronouns, prepositions, auxiliaries and the words that ask.
constexpr std::string_view kWords =
    // English
    "a an the this that these those i you he she it we they me him her us them my your his its our "
    "their what which who whom whose when where why how and or but if than then so as of in on at "
    "by to from for with about into over under between is are was were be been being am do does "
    "did "
    "done have has had can could may might will would shall should must not no any some many much "
    "more most there here all each also only very tell give show please say says said according "
    // German
    "der die das den dem des ein eine einer eines einem einen und oder aber wenn dass als wie wo "
    "wer "
    "was wann warum wieso weshalb welche welcher welches wieviel viel viele ist sind war waren "
    "sein "
    "wird werden wurde wurden hat haben hatte hatten kann konnen muss mussen soll sollen darf "
    "nicht "
    "kein keine ich du er sie es wir ihr mein dein unser euer im in am an auf aus bei mit nach von "
    "vom "
    "zu zum zur fur um uber unter vor hinter zwischen durch gegen ohne bis seit noch nur auch "
    "schon "
    "sehr man sich "
    // French
    "le la les un une des du de et ou mais si que qui quoi quel quelle quels quelles quand comment "
    "pourquoi combien est sont etait etaient etre a ont avait avoir peut ne pas je tu il elle nous "
    "vous "
    "ils elles mon ton son notre votre leur ce cet cette ces dans sur sous par pour avec sans chez "
    "entre aussi tres plus "
    // Spanish and Portuguese
    "el los las uno unos unas y o pero como donde cuando cual cuales cuanto cuanta cuantos por "
    "para con "
    "sin sobre entre es son era fue ser estar esta han ha hay no se su sus mi tu nos os do da dos "
    "das "
    "um uma e mas onde quando qual quanto quantos com sem sao foi tem em no na nos nas ao ou "
    // Italian
    "lo gli i uno ed ma come dove chi che cosa quale quali quanto perche per con senza su tra fra "
    "sono "
    "era essere ha hanno avere puo non si suo sua mio nel nella del della dei delle al alla "
    // Dutch
    "de het een en of maar als dat die dit wat wie waar wanneer waarom hoe welk welke hoeveel is "
    "zijn "
    "was waren wordt worden heeft hebben kan kunnen moet moeten niet geen ik jij hij zij wij "
    "jullie "
    "mijn jouw ons van voor met naar bij op uit door over ook nog zeer";

const std::vector<std::string_view> &sorted()
{
    static const std::vector<std::string_view> words = [] {
        std::vector<std::string_view> made;
        for (std::size_t at = 0; at < kWords.size();) {
            const std::size_t end = std::min(kWords.find(' ', at), kWords.size());
            made.push_back(kWords.substr(at, end - at));
            at = end + 1;
        }
        std::sort(made.begin(), made.end());
        made.erase(std::unique(made.begin(), made.end()), made.end());
        return made;
    }();
    return words;
}

} // namespace

bool isFunctionWord(std::string_view word)
{
    return std::binary_search(sorted().begin(), sorted().end(), word);
}

} // namespace alcove::documents
