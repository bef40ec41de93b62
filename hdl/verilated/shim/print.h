// Included before everything else (compiler flag -include): what the model would print goes to the shim instead.
#pragma once
#ifdef __cplusplus
extern "C"
#endif
    int qkdpp_rtl_print(const char* format, ...) __attribute__((format(printf, 1, 2)));
