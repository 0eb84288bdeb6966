// SPDX-License-Identifier: Apache-2.0
// The pictures are drawn with the page's own colours: class a is the accent, b the second one, k
// ink, p paper, s a soft shade; l is a line without filling (style.cc).
#include "backend_sdk/examples/shop/catalogue.h"

namespace examples {
namespace {

constexpr Product
    kProducts
        [] =
            {
                {1, "Ghost light", "Backstage", 8900, "The one lamp that never goes out.",
                 "A bare bulb in a wire cage on a slim stand, as it burns on every stage when "
                 "everybody has "
                 "gone home. Warm filament, dimmable, with three metres of cloth cable. "
                 "Superstition "
                 "included.",
                 R"(<circle class="s" cx="60" cy="34" r="30"/><path class="l" d="M60 48v30M44 80h32"/><circle class="b" cx="60" cy="34" r="11"/><path class="l" d="M48 34a12 14 0 0 1 24 0v10H48zM60 20v24M48 34h24"/>)"},
                {2, "Prompt book", "Backstage", 2450, "Two hundred pages, and room for every cue.",
                 "Sewn binding that lies flat in the dark, ruled for text on the right and cues on "
                 "the left, "
                 "with a ribbon for tonight and an elastic for the tour. Paper that takes pencil "
                 "well and "
                 "forgives rubbing out.",
                 R"(<path class="s" d="M18 22q20-8 42 2 22-10 42-2v50q-22-6-42 3-20-9-42-3z"/><path class="p" d="M24 26q18-6 34 2v42q-18-7-34-2zM96 26q-18-6-34 2v42q18-7 34-2z"/><path class="l" d="M30 36q12-3 22 1M30 45q12-3 22 1M30 54q12-3 22 1M90 36q-12-3-22 1M90 45q-12-3-22 1"/><path class="a" d="M82 24h8v30l-4-5-4 5z"/>)"},
                {3, "Opera glasses", "Front of house", 5600,
                 "Three times closer, and still in your pocket.",
                 "Brass and mother-of-pearl, magnifying three times with a wide, bright field. "
                 "Folds to the "
                 "size of a deck of cards; the case doubles as a stand for the interval.",
                 R"(<path class="b" d="M26 30h26l4 34a17 17 0 0 1-34 0zM68 30h26l4 34a17 17 0 0 1-34 0z"/><rect class="k" x="52" y="36" width="16" height="12" rx="3"/><circle class="p" cx="39" cy="64" r="11"/><circle class="p" cx="81" cy="64" r="11"/><rect class="a" x="28" y="20" width="22" height="12" rx="4"/><rect class="a" x="70" y="20" width="22" height="12" rx="4"/>)"},
                {4, "Velvet cushion", "Front of house", 3900, "Row G, without the draught.",
                 "Cut from real house-curtain velvet, piped in gold, filled with buckwheat hulls "
                 "that remember "
                 "how you sit. Removable cover; the colour deepens with every season.",
                 R"(<path class="a" d="M26 26q34-8 68 0 8 20 0 42-34 8-68 0-8-22 0-42z"/><path class="l" d="M32 32q28-6 56 0M32 62q28 6 56 0"/><circle class="b" cx="60" cy="47" r="5"/><circle class="b" cx="26" cy="26" r="4"/><circle class="b" cx="94" cy="26" r="4"/><circle class="b" cx="26" cy="68" r="4"/><circle class="b" cx="94" cy="68" r="4"/>)"},
                {5, "Stage manager's bell", "Backstage", 3200, "Places, please.",
                 "A desk bell with a clear, short ring that carries to the dressing rooms and "
                 "stops there. "
                 "Cast in one piece, on a felt base, tuned to A.",
                 R"(<path class="b" d="M26 66a34 34 0 0 1 68 0z"/><rect class="k" x="20" y="66" width="80" height="9" rx="4"/><rect class="a" x="55" y="22" width="10" height="12" rx="3"/><path class="l" d="M16 34l8 6M104 34l-8 6M30 18l5 8M90 18l-5 8"/>)"},
                {6, "Two masks", "On stage", 4750, "One for each half of the evening.",
                 "Comedy and tragedy in papier-mâché, hand-painted, light enough to wear through a "
                 "matinée. "
                 "Sold as a pair, because neither gets through a season alone.",
                 R"(<path class="b" d="M56 26h44v24a22 24 0 0 1-44 0z"/><path class="a" d="M20 18h46v26a23 26 0 0 1-46 0z"/><path class="p" d="M29 30q5-5 10 0-5 4-10 0zM47 30q5-5 10 0-5 4-10 0zM30 44q13 16 26 0-13 5-26 0z"/><path class="p" d="M74 36q4-4 8 0zM87 36q4-4 8 0zM74 60q9-12 18 0-9-4-18 0z"/>)"},
                {7, "Spotlight lamp", "On stage", 12900, "Finds you wherever you sit.",
                 "A profile spot shrunk to the size of a desk. Shutters, iris and a yoke that "
                 "stays where you "
                 "leave it. For readers, soliloquists, and cats.",
                 R"(<path class="s" d="M52 36l56 46H34z"/><path class="k" d="M34 16l26 10-10 26-26-10z"/><path class="b" d="M60 26l8 6-10 24-8-4z"/><path class="l" d="M30 44L22 78M12 78h20"/><circle class="a" cx="42" cy="34" r="6"/>)"},
                {8, "Yorick", "On stage", 6800, "A fellow of infinite jest, and a bookend.",
                 "Cast plaster, life-size, signed by the props department. Holds three folios "
                 "upright, or one "
                 "thought at a time. Alas, no jaw movement.",
                 R"(<path class="p" d="M30 42a30 28 0 1 1 60 0q0 12-10 16v14H40V58q-10-4-10-16z"/><circle class="k" cx="48" cy="42" r="8"/><circle class="k" cx="72" cy="42" r="8"/><path class="k" d="M60 52l5 8H55z"/><path class="l" d="M48 66v8M56 66v8M64 66v8M72 66v8"/><path class="a" d="M24 76h72v6H24z"/>)"},
                {9, "Thunder sheet", "Backstage", 9900, "Weather, on cue.",
                 "A metre of spring steel on two ash handles. A nudge is distant summer, a shake "
                 "is act three "
                 "of Lear. Comes with a hook, a hanger, and a note for the neighbours.",
                 R"(<path class="b" d="M34 18q26 8 52 0-6 28 0 54-26 8-52 0 6-28 0-54z"/><path class="k" d="M30 14h60v6H30zM30 70h60v6H30z"/><path class="a" d="M64 26L48 50h10l-6 18 20-26H62z"/>)"},
                {10, "Greasepaint tin", "On stage", 2700, "Twelve colours and a second face.",
                 "Twelve pans from chalk to curtain red, a mirror in the lid and two brushes. "
                 "Stays on under "
                 "lights, comes off with cream. The tin survives being dropped in the wings.",
                 R"(<rect class="k" x="16" y="40" width="88" height="38" rx="6"/><rect class="s" x="16" y="12" width="88" height="30" rx="6"/><path class="l" d="M28 34l16-14M40 36l12-10"/><circle class="a" cx="32" cy="52" r="6"/><circle class="b" cx="51" cy="52" r="6"/><circle class="p" cx="70" cy="52" r="6"/><circle class="s" cx="89" cy="52" r="6"/><circle class="b" cx="32" cy="68" r="6"/><circle class="p" cx="51" cy="68" r="6"/><circle class="a" cx="70" cy="68" r="6"/><circle class="s" cx="89" cy="68" r="6"/>)"},
                {11, "Interval blend", "Front of house", 1450,
                 "Tea that is ready in exactly fifteen minutes' time.",
                 "Assam and smoked lapsang with a curl of orange peel: strong enough for the "
                 "second half, "
                 "gentle enough for the third act. 125 g in a caddy with a bell on its lid.",
                 R"(<path class="p" d="M28 40h52v18a22 20 0 0 1-22 20H50a22 20 0 0 1-22-20z"/><path class="l" d="M80 44h6a9 9 0 0 1 0 20h-8M42 32q-6-6 0-12t0-12M56 32q-6-6 0-12t0-12M70 32q-6-6 0-12"/><path class="a" d="M28 40h52v8H28z"/><path class="b" d="M20 78h72v5H20z"/>)"},
                {12, "The understudy's chair", "Backstage", 18900, "Folds flat. Always ready.",
                 "A director's chair in beech and black canvas with an empty name tape. Sits in "
                 "the wings for "
                 "years, knows every line, and is on its feet in one second when it is needed.",
                 R"(<path class="l" d="M34 40l52 42M86 40L34 82M34 14v68M86 14v68"/><rect class="a" x="32" y="16" width="56" height="16" rx="3"/><rect class="b" x="30" y="40" width="60" height="9" rx="3"/><path class="p" d="M44 21h32v6H44z"/>)"},
};

}  // namespace

std::span<const Product> catalogue() {
  return kProducts;
}

const Product* find_product(int id) {
  for (const Product& product : kProducts) {
    if (product.id == id) return &product;
  }
  return nullptr;
}

}  // namespace examples
