// Where the starter model that comes with Alcove is on this computer. Any thread; looks at the
// disk.
#pragma once

#include <QString>

namespace alcove::shell {

// ALCOVE_STARTER_MODEL if set, else beside the program, in the installation's share folder, or in
// the source tree that the program was built in. Empty: there is none.
QString starterModelPath();

} // namespace alcove::shell
