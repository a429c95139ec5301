/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks a shared object before the dynamic loader maps it: the loader trusts the program headers, and accessing a page
 * beyond the end of a truncated file causes a SIGBUS.
 */
#ifndef ENGINE_MODULE_FILE_H
#define ENGINE_MODULE_FILE_H

/* NULL, or why the file cannot be loaded. */
const char *ng_module_file_check(const char *path);

#endif
