{ boot.kernelModules = [ "rknpu" ]; }
