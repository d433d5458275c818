#include <dlfcn.h>
int main(void) { return dlopen("librknnrt.so", RTLD_NOW) == 0; }
