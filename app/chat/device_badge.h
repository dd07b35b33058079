// A device's name as short as people say it. Any thread; never fails.
#pragma once

#include <QString>

namespace alcove::chatui {

// "NVIDIA GeForce RTX 4070" -> "RTX 4070", "AMD Radeon RX 7600 (RADV NAVI33)" -> "RX 7600",
// "Intel(R) Arc(tm) A770 Graphics (DG2)" -> "Arc A770". What it does not know stays as it is.
QString deviceBadge(const QString &device);

} // namespace alcove::chatui
