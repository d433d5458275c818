# A base option of the wrong type, in a place nobody reads.
{
  boot.loader.grub.fontSize = "large";
  systemd.services.wrong.after = [ "no unit" ];
}
