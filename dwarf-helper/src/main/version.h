/**
 * @file  The version of goctx, as `goctx --version`, JSON headers and the serve greeting tell it.
 */
#ifndef GOCTX_MAIN_VERSION_H
#define GOCTX_MAIN_VERSION_H

#define GOCTX_VERSION "0.1.0"

#endif
