/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look at a shared object before the dynamic loader maps it: the loader trusts the program headers, and a page that
 * lies behind the end of a file that was cut is a SIGBUS.
 */
#ifndef ENGINE_MODULE_FILE_H
#define ENGINE_MODULE_FILE_H

/* NULL, or why the file cannot be loaded. */
const char *ng_module_file_check(const char *path);

#endif
