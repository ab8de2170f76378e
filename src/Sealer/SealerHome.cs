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

    /// <summary>Where labs and the files that their hosts share lie.</summary>
    public string Labs => Path.Combine(Folder, "labs");

    /// <summary>Where a folder for each known cluster lies: journals, plans, measurements.</summary>
    public string Clusters => Path.Combine(Folder, "clusters");

    /// <summary>The folder by the rules above; nothing is made.</summary>
    /// <exception cref="SealerException"><c>NoHome</c>: no variable says where it could be.</exception>
    public static SealerHome FromEnvironment() =>
        From(Environment.GetEnvironmentVariable, Environment.GetFolderPath(
            Environment.SpecialFolder.LocalApplicationData,
            Environment.SpecialFolderOption.DoNotVerify));

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

    /// <summary>
    /// Refuses what lies there already and belongs to somebody else: they could put images and credentials there for us, and
    /// what we write (as root, for one) they might not be able to read any more.
    /// </summary>
    /// <exception cref="SealerException"><c>HomeNotOwned</c>.</exception>
    internal static void CheckOwner(string folder)
    {
        if (!OperatingSystem.IsLinux() || Posix.Stat(folder) is not { } state || state.Uid == Posix.EffectiveUserId())
            return;
        throw new SealerException(
            "HomeNotOwned",
            ErrorKind.ResourceUnavailable,
            $"The folder '{folder}' belongs to another user (number {state.Uid}; you are {Posix.EffectiveUserId()}). Work as that user, or set {Variable} to a folder of your own.",
            folder);
    }

    /// <summary>Makes a folder where it is missing, with mode 0700 on Unix, and those above it.</summary>
    /// <exception cref="SealerException"><c>HomeUnusable</c>: it cannot be made; <c>HomeNotOwned</c>.</exception>
    internal static void CreatePrivateFolder(string folder)
    {
        CheckOwner(folder);
        // Each by itself: made together, those above would be open to everybody, and the home folder is one of them.
        if (Path.GetDirectoryName(folder) is { Length: > 0 } parent && !Directory.Exists(parent))
            CreatePrivateFolder(parent);
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
