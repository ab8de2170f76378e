namespace Sealer;

/// <summary>
/// The folder of everything that is kept between sessions: <c>$SEALER_HOME</c>, else <c>sealer</c> under the XDG data home
/// or, on Windows, LocalAppData. Readable by its owner only, because credentials lie in it.
/// </summary>
public sealed class SealerHome
{
    /// <summary>The environment variable that names the folder.</summary>
    public const string Variable = "SEALER_HOME";

    /// <param name="folder">The folder; need not exist.</param>
    public SealerHome(string folder) => Folder = Path.GetFullPath(folder);

    /// <summary>Full path of the folder.</summary>
    public string Folder { get; }

    /// <summary>Where the local store of images lies.</summary>
    public string ImageStore => Path.Combine(Folder, "images");

    /// <summary>The folder by the rules above; nothing is made.</summary>
    /// <exception cref="SealerException"><c>NoHome</c>: no variable says where it could be.</exception>
    public static SealerHome FromEnvironment() =>
        From(Environment.GetEnvironmentVariable, Environment.GetFolderPath(
            Environment.SpecialFolder.LocalApplicationData,
            Environment.SpecialFolderOption.DoNotVerify));

    /// <summary>Makes the folder where it is missing, with mode 0700 on Unix.</summary>
    /// <exception cref="SealerException"><c>HomeUnusable</c>: it cannot be made.</exception>
    public void Create() => CreatePrivateFolder(Folder);

    internal static SealerHome From(Func<string, string?> variable, string localData)
    {
        var named = variable(Variable);
        if (!string.IsNullOrWhiteSpace(named))
            return new SealerHome(named);

        // The XDG specification has relative values ignored. .NET looks at the variable on Linux only; on macOS people who
        // set it mean it too.
        var xdg = OperatingSystem.IsWindows() ? null : variable("XDG_DATA_HOME");
        var data = !string.IsNullOrEmpty(xdg) && Path.IsPathFullyQualified(xdg) ? xdg : localData;
        if (string.IsNullOrEmpty(data))
        {
            throw new SealerException(
                "NoHome",
                ErrorKind.ResourceUnavailable,
                $"There is no home folder to keep images in: neither {Variable} nor HOME is set. Set {Variable} to a folder.",
                Variable);
        }

        return new SealerHome(Path.Combine(data, "sealer"));
    }

    internal static void CreatePrivateFolder(string folder)
    {
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(folder);
            else
                Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SealerException(
                "HomeUnusable",
                ErrorKind.ResourceUnavailable,
                $"The folder '{folder}' cannot be made: {e.Message} Set {Variable} to a folder that you may write to.",
                folder,
                e);
        }
    }
}
