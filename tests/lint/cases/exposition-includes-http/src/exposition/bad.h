/* SPDX-License-Identifier: Apache-2.0 */
#include "http/server.h"
