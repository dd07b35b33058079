#include "core/engine/chat_engine.h"
